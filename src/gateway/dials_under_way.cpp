#include "dials_under_way.hpp"

#include <utility>

namespace sallyport::gateway {

struct DialsUnderWay::Waiter {
  explicit Waiter(io::EventLoop& loop) : told(loop) {}

  io::Notification told;
  bool registered = true;
  std::optional<Error> failure;
};

DialsUnderWay::Dial::Dial(DialsUnderWay& all, std::string key) : all_(all), key_(std::move(key)) {
  ++all_.by_key_[key_].dials;
}

DialsUnderWay::Dial::~Dial() {
  const auto known = all_.by_key_.find(key_);
  // Another one's own end is no reason for those who waited to give up.
  if (failure_ && failure_->kind == ErrorKind::cancelled) failure_.reset();
  for (Waiter* const waiter : std::exchange(known->second.waiters, {})) {
    waiter->registered = false;
    waiter->failure = failure_;
    waiter->told.notify();
  }
  if (--known->second.dials == 0) all_.by_key_.erase(known);
}

io::Task<std::optional<Error>> DialsUnderWay::wait(io::EventLoop& loop, std::string key,
                                                   io::Cancellation& cancellation) {
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) co_return std::nullopt;
  Waiter waiter(loop);
  known->second.waiters.push_back(&waiter);
  const io::Cancellation::Watch watch(
      cancellation, [](void* told, const Error&) { static_cast<io::Notification*>(told)->notify(); }, &waiter.told);
  co_await waiter.told.wait_until();
  if (waiter.registered) std::erase(by_key_.find(key)->second.waiters, &waiter);
  co_return std::move(waiter.failure);
}

}  // namespace sallyport::gateway
