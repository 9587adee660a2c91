// EventLoop: one thread's events, timers and ready queue, over libevent. And Timer.
//
// A worker owns one loop and is the only thread that touches it; post() and stop() alone may be called
// from any thread. Streams, timers and coroutines belong to the loop they were made with, which must
// outlive them.
//
// Nothing resumes a waiting coroutine from inside another one's call (close(), cancel, notify): such
// waiters go through make_ready() and run from the loop, on an empty stack.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

struct event;
struct event_base;

namespace sallyport::io {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

inline constexpr TimePoint never = TimePoint::max();

struct EventDeleter {
  void operator()(event* event) const;
};
using EventPtr = std::unique_ptr<event, EventDeleter>;

struct EventBaseDeleter {
  void operator()(event_base* base) const;
};

class EventLoop {
 public:
  // Fails when the kernel has no epoll instance or eventfd left to give.
  static Result<std::unique_ptr<EventLoop>> create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until stop(). May be called again afterwards.
  void run();
  // Any thread.
  void stop();
  // Any thread: runs `job` on the loop's thread, in order of posting.
  void post(std::function<void()> job);

  // The time at which the running callback first asked: cheap, and the same for all that it does.
  [[nodiscard]] TimePoint now() {
    if (now_ == TimePoint()) now_ = Clock::now();
    return now_;
  }

  // To be called first by whatever libevent calls: time has passed since the last callback.
  void enter_callback() { now_ = TimePoint(); }

  // Calls `call(object)` in this turn, once the running callback has returned.
  void make_ready(void (*call)(void*), void* object) { ready_.push_back({call, object}); }

  // The same once nothing else is ready, right before the sockets have their turn: for what gathers the work of others,
  // so that a turn sends it in one go.
  void make_ready_last(void (*call)(void*), void* object) { last_.push_back({call, object}); }

  // The same after the sockets had their turn: for work that could otherwise keep the loop to itself.
  void make_ready_next_turn(void (*call)(void*), void* object) { next_turn_.push_back({call, object}); }
  // Counts the turns: each looks at the sockets once.
  [[nodiscard]] std::uint64_t turn() const { return turn_; }

  // Leave for one costly step, a part of a handshake for one, which takes up to 0.3 ms: a turn has little time for
  // them, so that live connections do not wait for all that a burst of new ones asks for. False: ask again in the next
  // turn.
  [[nodiscard]] bool take_costly_step();
  // Somebody is being served on a connection that is past its first answer: for a second to come a turn has even less
  // time for costly steps. Without such connections longer turns are better, which gather more for each system call.
  void note_live() { live_until_ = now() + std::chrono::seconds(1); }
  // Whether somebody was told no in this turn or in the one before: whoever would take on more had better wait.
  [[nodiscard]] bool is_behind() const { return costly_.refused || costly_.refused_before; }

  // Takes back every make_ready…() for `object` that has not run yet.
  void forget_ready(void* object);

  [[nodiscard]] event_base* base() const { return base_.get(); }

 private:
  struct Ready {
    void (*call)(void*);
    void* object;
  };
  struct CostlySteps {
    std::optional<TimePoint> since;  // when this turn's first one began
    bool refused = false;
    bool refused_before = false;  // in the turn before
  };

  EventLoop() = default;
  static void on_wake(int fd, short what, void* self);
  void run_ready();
  void run_posted();

  std::unique_ptr<event_base, EventBaseDeleter> base_;
  UniqueFd wake_fd_;
  EventPtr wake_event_;
  TimePoint now_;
  std::vector<Ready> ready_;
  std::vector<Ready> running_;
  std::vector<Ready> last_;
  std::vector<Ready> next_turn_;
  std::vector<Ready> put_off_;  // what was for the next turn, now that it has come
  std::uint64_t turn_ = 0;
  CostlySteps costly_;
  TimePoint live_until_;
  bool stopping_ = false;

  std::mutex mutex_;  // guards posted_
  std::vector<std::function<void()>> posted_;
};

// A one-shot timer that calls `call(object)` from the loop. Owned by what it wakes.
class Timer {
 public:
  Timer(EventLoop& loop, void (*call)(void*), void* object);

  // Replaces an earlier setting. A time in the past fires in the next turn.
  void arm(TimePoint when);
  void disarm();
  [[nodiscard]] bool armed() const { return armed_at_ != never; }
  [[nodiscard]] TimePoint armed_at() const { return armed_at_; }

 private:
  static void on_fire(int fd, short what, void* self);

  EventLoop& loop_;
  void (*call_)(void*);
  void* object_;
  TimePoint armed_at_ = never;
  EventPtr event_;
};

}  // namespace sallyport::io
