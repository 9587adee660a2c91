// RollCall: whether every worker's loop still turns, by questions that each answers on its own thread.
//
// The guard's thread alone, but for answers, which come from the workers' threads and may come after this has gone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "sallyport/gateway/syn_guard.hpp"

namespace sallyport::gateway {

class RollCall {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  RollCall(std::size_t workers, SynGuard::AskWorkers ask) : workers_(workers), ask_(std::move(ask)) {}

  // Asks once more, unless somebody still owes the last answer; true: that has been for no longer than `patience`.
  bool held(TimePoint now, std::chrono::milliseconds patience) {
    if (answered_ != nullptr && answered_->load(std::memory_order_acquire) < workers_) return now - asked_ <= patience;
    answered_ = std::make_shared<std::atomic<std::size_t>>(0);
    asked_ = now;
    ask_([answered = answered_] { answered->fetch_add(1, std::memory_order_release); });
    return true;
  }

 private:
  const std::size_t workers_;
  const SynGuard::AskWorkers ask_;
  std::shared_ptr<std::atomic<std::size_t>> answered_;  // how many; null: nobody was asked yet
  TimePoint asked_;
};

}  // namespace sallyport::gateway
