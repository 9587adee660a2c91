#include "sallyport/io/cancellation.hpp"

#include <cassert>
#include <utility>

namespace sallyport::io {

Cancellation::Watch::Watch(Cancellation& cancellation, void (*cancel)(void*, const Error&), void* object)
    : cancellation_(cancellation), cancel_(cancel), object_(object), next_(cancellation.first_) {
  if (next_ != nullptr) next_->previous_ = this;
  cancellation.first_ = this;
  if (cancellation.cancelled()) cancel_(object_, cancellation.why());
}

Cancellation::Watch::~Watch() {
  if (next_ != nullptr) next_->previous_ = previous_;
  (previous_ != nullptr ? previous_->next_ : cancellation_.first_) = next_;
}

Cancellation::~Cancellation() { assert(first_ == nullptr && "a Cancellation outlives its watches"); }

void Cancellation::cancel(Error why) {
  if (cancelled_) return;
  cancelled_ = true;
  why_ = std::move(why);
  // Callbacks resume nobody inline, so no watch comes or goes during this walk.
  for (const Watch* watch = first_; watch != nullptr; watch = watch->next_) watch->cancel_(watch->object_, why_.get());
}

}  // namespace sallyport::io
