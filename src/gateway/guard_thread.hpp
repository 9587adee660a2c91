// GuardThread: what every guard of packets needs beside its rulings: a thread that may change the network, the newest
// configuration, something to wait on, and a bound on what it writes down.
//
// Made, started, configured and stopped on main's thread; owned by a guard, which calls end() before anything that the
// thread uses is gone. The rest is for the guard's own thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sallyport/base/counter.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"
#include "sallyport/gateway/configuration.hpp"
#include "sallyport/record/recorder.hpp"

namespace sallyport::gateway {

class GuardThread {
 public:
  using Clock = std::chrono::steady_clock;

  // How often a guard that the kernel is to ask tells it that somebody answers (netfilter::AwakeSet, whose entries last
  // for two seconds); and how often it looks whether the rules ask at all, where they did not.
  static constexpr std::chrono::milliseconds beat_interval{250};
  static constexpr std::chrono::seconds look_interval{1};

  // Errors: system (no descriptor is left).
  static Result<UniqueFd> make_wake();
  // What is left out of the records is counted in `unrecorded`.
  GuardThread(const record::Recorder& recorder, Counter& unrecorded, UniqueFd wake)
      : recorder_(recorder), unrecorded_(unrecorded), wake_(std::move(wake)) {}
  ~GuardThread() { end(); }
  GuardThread(const GuardThread&) = delete;
  GuardThread& operator=(const GuardThread&) = delete;

  // `name` as others see it (pthread_setname_np(3)). Signals the caller has blocked stay blocked in the thread.
  void start(const char* name, std::function<void()> run);
  // Has run() see stopping(), and waits for its end, two seconds at most; whether it has come. Again: the same.
  bool stop();
  // The same for good: a thread that hangs cannot be joined, and the process ends here and now without it.
  void end();
  // Returns once the thread has taken it, or after ten seconds.
  void configure(ConfigurationPtr configuration);
  // `alive` is called on the thread with its next turn, which comes at once; here and now where it does not run.
  void ping(std::function<void()> alive);

  [[nodiscard]] bool stopping() const { return stopping_; }
  // Until then, until a packet waits (on `packets`; -1: whatever comes), or until main wants something. Who asked
  // whether the thread turns is answered.
  void wait(std::optional<Clock::time_point> until, int packets);
  // Hands the newest configuration on, if there is one that was not handed on before.
  void adopt(const std::function<void(ConfigurationPtr)>& take);
  // The same words are written once, until forget_warning().
  void warn_once(const std::string& what);
  void forget_warning() { last_warning_.clear(); }
  // Writes it down, unless there have been too many in this second.
  void record(record::ExchangeRecord record, Clock::time_point now = Clock::now());

 private:
  void raise() const;
  void answer_pings();

  const record::Recorder& recorder_;
  Counter& unrecorded_;
  const UniqueFd wake_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;

  std::mutex mutex_;
  std::condition_variable adopted_;
  std::condition_variable ended_;
  // Protected by mutex_.
  ConfigurationPtr pending_;
  std::uint64_t given_ = 0;  // how many configurations main has brought, and how many of them are in use or outdated
  std::uint64_t taken_ = 0;
  std::vector<std::function<void()>> pings_;
  bool running_ = false;

  // The thread's own.
  std::string last_warning_;
  Clock::time_point second_began_ = Clock::now();
  unsigned records_ = 0;
};

}  // namespace sallyport::gateway
