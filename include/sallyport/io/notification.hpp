// Notification: lets one coroutine wait until another one, or a callback, says so; and sleep_until().
//
// Single-threaded, like the loop it was made with. The notifier and the waiter both hold a reference;
// whoever owns the Notification keeps it alive until the waiter has been resumed.
#pragma once

#include <coroutine>

#include "sallyport/io/event_loop.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::io {

class Notification {
 public:
  explicit Notification(EventLoop& loop) : loop_(loop), timer_(loop, &Notification::on_deadline, this) {}
  Notification(const Notification&) = delete;
  Notification& operator=(const Notification&) = delete;

  // Wakes the waiter, or lets the next wait return at once. Several calls before a wait count as one.
  void notify();

  // Awaitable: true when notified, false when `deadline` passed first. One waiter at a time.
  auto wait_until(TimePoint deadline = never) {
    struct Awaiter {
      Notification& notification;
      TimePoint deadline;
      bool await_ready() const noexcept { return notification.notified_; }
      void await_suspend(std::coroutine_handle<> waiter) { notification.suspend(waiter, deadline); }
      bool await_resume() const noexcept { return std::exchange(notification.notified_, false); }
    };
    return Awaiter{*this, deadline};
  }

 private:
  static void on_deadline(void* self);
  static void resume(void* self);
  void suspend(std::coroutine_handle<> waiter, TimePoint deadline);

  EventLoop& loop_;
  Timer timer_;
  bool notified_ = false;
  std::coroutine_handle<> waiter_;
};

Task<void> sleep_until(EventLoop& loop, TimePoint when);

// Awaitable: goes on in the loop's next turn, after every socket had its own.
inline auto next_turn(EventLoop& loop) {
  struct Awaiter {
    EventLoop& loop;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
      loop.make_ready_next_turn([](void* frame) { std::coroutine_handle<>::from_address(frame).resume(); },
                                waiter.address());
    }
    void await_resume() const noexcept {}
  };
  return Awaiter{loop};
}

}  // namespace sallyport::io
