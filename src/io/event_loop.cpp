#include "sallyport/io/event_loop.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include <event2/event.h>

namespace sallyport::io {
namespace {

// More than any turn of honest work makes ready; beyond it, sockets get their turn first.
constexpr int ready_rounds = 64;

// What a turn has for costly steps. A look at the sockets costs a hundredth of the shorter one. The last step may go
// beyond: a turn takes up to 0.3 ms longer.
constexpr Duration costly_time = std::chrono::microseconds(500);
constexpr Duration costly_time_beside_live = std::chrono::microseconds(150);

timeval to_timeval(Duration duration) {
  const auto us = std::chrono::ceil<std::chrono::microseconds>(std::max(duration, Duration::zero())).count();
  return {.tv_sec = static_cast<time_t>(us / 1'000'000), .tv_usec = static_cast<suseconds_t>(us % 1'000'000)};
}

}  // namespace

void EventDeleter::operator()(event* event) const { event_free(event); }
void EventBaseDeleter::operator()(event_base* base) const { event_base_free(base); }

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  std::unique_ptr<EventLoop> loop(new EventLoop);
  const std::unique_ptr<event_config, decltype(&event_config_free)> config(event_config_new(), event_config_free);
  // One thread owns the base; post() goes through the eventfd, so libevent needs no locks.
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
  event_config_require_features(config.get(), EV_FEATURE_ET | EV_FEATURE_O1 | EV_FEATURE_EARLY_CLOSE);
  loop->base_.reset(event_base_new_with_config(config.get()));
  if (!loop->base_) return fail(ErrorKind::exhausted, "libevent found no epoll instance to use");
  loop->wake_fd_.reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!loop->wake_fd_) return std::unexpected(errno_error("eventfd", errno));
  loop->wake_event_.reset(
      event_new(loop->base_.get(), loop->wake_fd_.get(), EV_READ | EV_PERSIST, &EventLoop::on_wake, loop.get()));
  if (!loop->wake_event_ || event_add(loop->wake_event_.get(), nullptr) != 0) {
    return fail(ErrorKind::exhausted, "libevent could not watch the loop's eventfd");
  }
  return loop;
}

EventLoop::~EventLoop() = default;

void EventLoop::run() {
  stopping_ = false;
  while (!stopping_) {
    ++turn_;
    costly_ = {.refused_before = costly_.refused};
    put_off_.swap(next_turn_);
    enter_callback();
    run_ready();
    // Not before, for among this are the handshakes that were put off for the live connections.
    ready_.insert(ready_.end(), put_off_.begin(), put_off_.end());
    put_off_.clear();
    enter_callback();
    run_ready();
    const bool more = !ready_.empty() || !next_turn_.empty();
    event_base_loop(base_.get(), EVLOOP_ONCE | (more ? EVLOOP_NONBLOCK : 0));
  }
}

bool EventLoop::take_costly_step() {
  // Not now(), which is the same for all steps of a callback.
  const TimePoint time = Clock::now();
  if (!costly_.since) costly_.since = time;
  if (time - *costly_.since < (time < live_until_ ? costly_time_beside_live : costly_time)) return true;
  costly_.refused = true;
  return false;
}

void EventLoop::stop() {
  post([this] { stopping_ = true; });
}

void EventLoop::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(job));
  }
  const std::uint64_t one = 1;
  // The counter cannot overflow in practice; EAGAIN would mean that the loop is woken already.
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_.get(), &one, sizeof one);
}

void EventLoop::on_wake(int fd, short /*what*/, void* self) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd, &count, sizeof count);
  static_cast<EventLoop*>(self)->enter_callback();
  static_cast<EventLoop*>(self)->run_posted();
}

void EventLoop::run_posted() {
  std::vector<std::function<void()>> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(posted_);
  }
  for (const std::function<void()>& job : jobs) job();
}

void EventLoop::run_ready() {
  for (int round = 0; round < ready_rounds; ++round) {
    if (ready_.empty()) ready_.swap(last_);
    if (ready_.empty()) return;
    running_.swap(ready_);
    for (std::size_t at = 0; at < running_.size(); ++at) {
      if (running_[at].object != nullptr) running_[at].call(running_[at].object);
    }
    running_.clear();
  }
  ready_.insert(ready_.end(), last_.begin(), last_.end());
  last_.clear();
}

void EventLoop::forget_ready(void* object) {
  for (std::vector<Ready>* queue : {&ready_, &running_, &last_, &next_turn_, &put_off_}) {
    for (Ready& entry : *queue) {
      if (entry.object == object) entry.object = nullptr;
    }
  }
}

Timer::Timer(EventLoop& loop, void (*call)(void*), void* object)
    : loop_(loop), call_(call), object_(object), event_(event_new(loop.base(), -1, 0, &Timer::on_fire, this)) {
  if (!event_) throw std::bad_alloc();
}

void Timer::arm(TimePoint when) {
  if (when == never) {
    disarm();
    return;
  }
  const timeval delay = to_timeval(when - loop_.now());
  event_add(event_.get(), &delay);
  armed_at_ = when;
}

void Timer::disarm() {
  if (!armed()) return;
  event_del(event_.get());
  armed_at_ = never;
}

void Timer::on_fire(int /*fd*/, short /*what*/, void* self) {
  auto* const timer = static_cast<Timer*>(self);
  timer->armed_at_ = never;
  timer->loop_.enter_callback();
  timer->call_(timer->object_);
}

}  // namespace sallyport::io
