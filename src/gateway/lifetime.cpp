#include "sallyport/gateway/lifetime.hpp"

#include <utility>

namespace sallyport::gateway {

void Lifetime::drain() {
  if (std::exchange(draining_, true)) return;
  // Nobody ends inside a call, so none comes or goes during this walk.
  for (const OnDrain* on_drain = first_; on_drain != nullptr; on_drain = on_drain->next_) on_drain->drain_();
}

Lifetime::OnDrain::OnDrain(Lifetime& lifetime, std::function<void()> drain)
    : lifetime_(lifetime), drain_(std::move(drain)), next_(lifetime.first_) {
  if (next_ != nullptr) next_->previous_ = this;
  lifetime_.first_ = this;
  if (lifetime_.draining_) drain_();
}

Lifetime::OnDrain::~OnDrain() {
  if (next_ != nullptr) next_->previous_ = previous_;
  (previous_ != nullptr ? previous_->next_ : lifetime_.first_) = next_;
}

}  // namespace sallyport::gateway
