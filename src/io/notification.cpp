#include "sallyport/io/notification.hpp"

#include <cassert>

namespace sallyport::io {

void Notification::notify() {
  if (std::exchange(notified_, true)) return;
  if (!waiter_) return;
  timer_.disarm();
  loop_.make_ready(&Notification::resume, this);
}

void Notification::suspend(std::coroutine_handle<> waiter, TimePoint deadline) {
  assert(!waiter_ && "a Notification has one waiter");
  waiter_ = waiter;
  timer_.arm(deadline);
}

void Notification::on_deadline(void* self) { resume(self); }

void Notification::resume(void* self) {
  const std::coroutine_handle<> waiter = std::exchange(static_cast<Notification*>(self)->waiter_, {});
  waiter.resume();
}

Task<void> sleep_until(EventLoop& loop, TimePoint when) {
  Notification nobody_notifies(loop);
  co_await nobody_notifies.wait_until(when);
}

}  // namespace sallyport::io
