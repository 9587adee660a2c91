#include "sallyport/gateway/lifetime.hpp"

#include <utility>

namespace sallyport::gateway {

void Lifetime::drain() {
  if (std::exchange(draining_, true)) return;
  for (const std::function<void()>& drain : on_drain_) drain();
}

Lifetime::OnDrain::OnDrain(Lifetime& lifetime, std::function<void()> drain) : lifetime_(lifetime) {
  position_ = lifetime_.on_drain_.insert(lifetime_.on_drain_.end(), std::move(drain));
  if (lifetime_.draining_) (*position_)();
}

Lifetime::OnDrain::~OnDrain() { lifetime_.on_drain_.erase(position_); }

}  // namespace sallyport::gateway
