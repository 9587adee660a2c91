#include "guard_thread.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <utility>

#include <pthread.h>

#include "sallyport/netfilter/net_admin.hpp"

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

constexpr auto configure_patience = 10s;
constexpr auto stop_patience = 2s;
// Lines and rows a second that strangers' packets may cause.
constexpr unsigned most_records = 200;

}  // namespace

Result<UniqueFd> GuardThread::make_wake() {
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return std::unexpected(errno_error("eventfd", errno));
  return wake;
}

void GuardThread::start(const char* name, std::function<void()> run) {
  running_ = true;
  thread_ = std::thread([this, run = std::move(run)] {
    if (const auto taken = netfilter::take_net_admin_back(); !taken) warn_once(taken.error().reason);
    run();
    const std::lock_guard lock(mutex_);
    running_ = false;
    ended_.notify_all();
  });
  ::pthread_setname_np(thread_.native_handle(), name);
}

bool GuardThread::stop() {
  stopping_ = true;
  raise();
  if (!thread_.joinable()) return true;
  {
    std::unique_lock lock(mutex_);
    if (!ended_.wait_for(lock, stop_patience, [this] { return !running_; })) return false;
  }
  thread_.join();
  answer_pings();
  return true;
}

void GuardThread::end() {
  if (stop()) return;
  std::cerr << "sallyportd: a thread that guards does not stop: exiting without it\n";
  std::_Exit(EXIT_FAILURE);
}

void GuardThread::configure(ConfigurationPtr configuration) {
  std::unique_lock lock(mutex_);
  pending_ = std::move(configuration);
  const std::uint64_t number = ++given_;
  raise();
  static_cast<void>(adopted_.wait_for(lock, configure_patience, [this, number] { return taken_ >= number; }));
}

void GuardThread::ping(std::function<void()> alive) {
  if (!thread_.joinable()) {
    alive();
    return;
  }
  const std::lock_guard lock(mutex_);
  pings_.push_back(std::move(alive));
  raise();
}

void GuardThread::answer_pings() {
  std::vector<std::function<void()>> pings;
  {
    const std::lock_guard lock(mutex_);
    pings.swap(pings_);
  }
  for (const auto& alive : pings) alive();
}

void GuardThread::raise() const { static_cast<void>(::eventfd_write(wake_.get(), 1)); }

void GuardThread::wait(std::optional<Clock::time_point> until, int packets) {
  int timeout = -1;
  if (until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now());
    timeout = static_cast<int>(std::clamp<std::chrono::milliseconds>(left, 0ms, 1h).count());
  }
  std::array<pollfd, 2> sources{{{wake_.get(), POLLIN, 0}, {packets, POLLIN, 0}}};
  static_cast<void>(::poll(sources.data(), sources.size(), timeout));
  if (sources[0].revents != 0) {
    eventfd_t count = 0;
    static_cast<void>(::eventfd_read(wake_.get(), &count));
    answer_pings();
  }
}

void GuardThread::adopt(const std::function<void(ConfigurationPtr)>& take) {
  ConfigurationPtr newest;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    newest = std::exchange(pending_, nullptr);
    number = given_;
  }
  if (newest == nullptr) return;
  forget_warning();
  // Without the lock: main asks whether this thread turns, and must not wait for one that does not.
  take(std::move(newest));
  const std::lock_guard lock(mutex_);
  taken_ = number;
  adopted_.notify_all();
}

void GuardThread::warn_once(const std::string& what) {
  if (what == last_warning_) return;
  last_warning_ = what;
  recorder_.log().warning(what);
}

void GuardThread::record(record::ExchangeRecord record, Clock::time_point now) {
  if (now - second_began_ >= 1s) {
    second_began_ = now;
    records_ = 0;
  }
  if (++records_ > most_records) {
    unrecorded_.add();
    return;
  }
  recorder_.write(std::move(record));
}

}  // namespace sallyport::gateway
