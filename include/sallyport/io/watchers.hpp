// Watchers: the coroutines that wait for one event in something that may be gone when it comes.
//
// One thread. The Watchers belong to what the event happens in, a Watch to the coroutine that waits; either may go
// first.
#pragma once

#include <algorithm>
#include <vector>

#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/notification.hpp"

namespace sallyport::io {

class Watchers {
 public:
  // Registered while it lives.
  class Watch {
   public:
    Watch(EventLoop& loop, Watchers& watchers) : told_(loop), watchers_(&watchers) { watchers.all_.push_back(this); }
    ~Watch() {
      if (watchers_ != nullptr) std::erase(watchers_->all_, this);
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // Awaitable: until the event has come, the Watchers are gone, or the cancellation has fired. False if `deadline`
    // passed first.
    Task<bool> wait(Cancellation& cancellation, TimePoint deadline = never) {
      const Cancellation::Watch watch(
          cancellation, [](void* told, const Error&) { static_cast<Notification*>(told)->notify(); }, &told_);
      const bool notified = co_await told_.wait_until(deadline);
      co_return notified;
    }

   private:
    friend class Watchers;
    Notification told_;
    Watchers* watchers_;
  };

  Watchers() = default;
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;
  ~Watchers() { tell(); }

  // Resumes everybody, from the loop. They are no longer registered.
  void tell() {
    for (Watch* const watch : all_) {
      watch->watchers_ = nullptr;
      watch->told_.notify();
    }
    all_.clear();
  }
  [[nodiscard]] bool empty() const { return all_.empty(); }

 private:
  std::vector<Watch*> all_;
};

}  // namespace sallyport::io
