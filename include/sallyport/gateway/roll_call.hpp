// RollCall: whether threads still turn, by questions that each answers on its own.
//
// Belongs to one thread, which asks; answers come from the threads asked, and may come after this has gone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace sallyport::gateway {

class RollCall {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // Has each of the threads call what it is given, once.
  using Ask = std::function<void(const std::function<void()>& answered)>;

  RollCall(std::size_t members, Ask ask) : members_(members), ask_(std::move(ask)) {}

  // Asks once more, unless somebody still owes the last answer; true: that has been for no longer than `patience`.
  bool held(TimePoint now, std::chrono::milliseconds patience) {
    if (answered_ != nullptr && answered_->load(std::memory_order_acquire) < members_) return now - asked_ <= patience;
    answered_ = std::make_shared<std::atomic<std::size_t>>(0);
    asked_ = now;
    ask_([answered = answered_] { answered->fetch_add(1, std::memory_order_release); });
    return true;
  }

 private:
  const std::size_t members_;
  const Ask ask_;
  std::shared_ptr<std::atomic<std::size_t>> answered_;  // how many; null: nobody was asked yet
  TimePoint asked_;
};

}  // namespace sallyport::gateway
