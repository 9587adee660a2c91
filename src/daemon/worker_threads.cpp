#include "worker_threads.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>

#include <pthread.h>

namespace sallyport::daemon {

void WorkerThreads::Wake::raise() const {
  const std::uint64_t one = 1;
  // Fails only where the counter is full, and then it is readable as it is.
  static_cast<void>(!::write(event.get(), &one, sizeof one));
}

Result<std::unique_ptr<WorkerThreads>> WorkerThreads::create(std::size_t count, const gateway::Shared& shared,
                                                             const gateway::ConfigurationPtr& configuration,
                                                             const gateway::AddressesPtr& addresses) {
  auto wake = std::make_shared<Wake>();
  wake->event.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake->event) return std::unexpected(errno_error("eventfd", errno));
  std::unique_ptr<WorkerThreads> threads(new WorkerThreads(std::move(wake)));
  for (std::size_t number = 0; number < count; ++number) {
    auto worker = gateway::Worker::create(shared, configuration, addresses);
    if (!worker) return std::unexpected(worker.error());
    threads->crew_.push_back(std::make_unique<Member>());
    threads->crew_.back()->worker = std::move(*worker);
  }
  return threads;
}

WorkerThreads::~WorkerThreads() {
  stop();
  for (const auto& member : crew_) {
    if (member->thread.joinable()) member->thread.join();
  }
}

std::vector<const gateway::Worker*> WorkerThreads::all() const {
  std::vector<const gateway::Worker*> workers;
  workers.reserve(crew_.size());
  for (const auto& member : crew_) workers.push_back(member->worker.get());
  return workers;
}

void WorkerThreads::start() {
  for (std::size_t number = 0; number < crew_.size(); ++number) {
    Member& member = *crew_[number];
    member.thread = std::thread([&member, wake = wake_] {
      member.worker->run();
      member.finished.store(true, std::memory_order_release);
      wake->raise();
    });
    // For top(1) and debuggers.
    ::pthread_setname_np(member.thread.native_handle(), ("worker-" + std::to_string(number)).substr(0, 15).c_str());
  }
}

void WorkerThreads::configure(const gateway::ConfigurationPtr& configuration) {
  for (const auto& member : crew_) member->worker->configure(configuration);
}

void WorkerThreads::set_addresses(const gateway::AddressesPtr& addresses) {
  for (const auto& member : crew_) member->worker->set_addresses(addresses);
}

void WorkerThreads::replay(gateway::ReplayOrder order, std::function<void(gateway::ReplayResult)> tell) const {
  const std::size_t chosen = std::hash<std::string>()(order.of) % crew_.size();
  crew_[chosen]->worker->replay(std::move(order), std::move(tell));
}

void WorkerThreads::ping(const std::function<void()>& alive) const {
  for (const auto& member : crew_) member->worker->ping(alive);
}

void WorkerThreads::begin_capture(const gateway::CaptureOrder& order) const {
  for (const auto& member : crew_) member->worker->begin_capture(order);
}

void WorkerThreads::end_capture(std::uint64_t id) const {
  for (const auto& member : crew_) member->worker->end_capture(id);
}

void WorkerThreads::drain() {
  for (const auto& member : crew_) member->worker->drain();
}

void WorkerThreads::stop() {
  for (const auto& member : crew_) member->worker->stop();
}

std::size_t WorkerThreads::connections() const {
  std::size_t count = 0;
  for (const auto& member : crew_) count += member->worker->connections();
  return count;
}

std::size_t WorkerThreads::finished() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      crew_, [](const auto& member) { return member->finished.load(std::memory_order_acquire); }));
}

int WorkerThreads::wake_fd() const { return wake_->event.get(); }

void WorkerThreads::acknowledge() {
  std::uint64_t count = 0;
  // Nothing to read is no error: it was acknowledged before.
  static_cast<void>(!::read(wake_->event.get(), &count, sizeof count));
}

WorkerThreads::RollCall WorkerThreads::call_roll() {
  auto answered = std::make_shared<RollCall::Flags>(crew_.size());
  for (std::size_t number = 0; number < crew_.size(); ++number) {
    crew_[number]->worker->ping([answered, number, wake = wake_] {
      (*answered)[number].store(true, std::memory_order_release);
      wake->raise();
    });
  }
  return RollCall(std::move(answered), *this);
}

bool WorkerThreads::RollCall::complete() const {
  for (std::size_t number = 0; number < answered_->size(); ++number) {
    if ((*answered_)[number].load(std::memory_order_acquire)) continue;
    if (!threads_->crew_[number]->finished.load(std::memory_order_acquire)) return false;
  }
  return true;
}

}  // namespace sallyport::daemon
