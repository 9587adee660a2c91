// WorkerThreads: the workers, each on a thread of its own, spoken to as one.
//
// The main thread owns it and makes every call. The workers' threads only raise finished and answered flags and make
// wake_fd() readable. It must end before what gateway::Shared refers to.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"
#include "sallyport/gateway/worker.hpp"

namespace sallyport::daemon {

class WorkerThreads {
 public:
  // Opens all listeners of `count` workers; no thread runs yet.
  static Result<std::unique_ptr<WorkerThreads>> create(std::size_t count, const gateway::Shared& shared,
                                                       const gateway::ConfigurationPtr& configuration,
                                                       const gateway::AddressesPtr& addresses);
  // Stops and joins what still runs.
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  // Signals the caller has blocked stay blocked in the threads.
  void start();

  void configure(const gateway::ConfigurationPtr& configuration);
  void set_addresses(const gateway::AddressesPtr& addresses);
  // Any thread: one of them sends the request once more.
  void replay(gateway::ReplayOrder order, std::function<void(gateway::ReplayResult)> tell) const;
  // Any thread: each worker calls `alive` on its own thread.
  void ping(const std::function<void()>& alive) const;
  // Any thread.
  void begin_capture(const gateway::CaptureOrder& order) const;
  void end_capture(std::uint64_t id) const;
  void drain();
  void stop();

  [[nodiscard]] std::vector<const gateway::Worker*> all() const;
  [[nodiscard]] std::size_t size() const { return crew_.size(); }
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::size_t finished() const;

  // Readable when a worker answered a roll call or finished; acknowledge() empties it.
  [[nodiscard]] int wake_fd() const;
  void acknowledge();

  // A question to all workers that each answers on its own thread, behind whatever it was told before.
  class RollCall {
   public:
    // Every worker has answered, or has finished and never will.
    [[nodiscard]] bool complete() const;

   private:
    friend class WorkerThreads;
    using Flags = std::vector<std::atomic<bool>>;
    RollCall(std::shared_ptr<Flags> answered, const WorkerThreads& threads)
        : answered_(std::move(answered)), threads_(&threads) {}
    std::shared_ptr<Flags> answered_;
    const WorkerThreads* threads_;
  };
  [[nodiscard]] RollCall call_roll();

 private:
  // Outlives the threads that may still write to it, since their calls hold it.
  struct Wake {
    UniqueFd event;
    void raise() const;
  };
  struct Member {
    std::unique_ptr<gateway::Worker> worker;
    std::atomic<bool> finished = false;
    std::thread thread;
  };

  explicit WorkerThreads(std::shared_ptr<Wake> wake) : wake_(std::move(wake)) {}

  std::shared_ptr<Wake> wake_;
  std::vector<std::unique_ptr<Member>> crew_;
};

}  // namespace sallyport::daemon
