// Asked: a question that the admin thread has put to another one, and the coroutine that waits for the answer.
//
// Lives in that coroutine's frame. The teller may be called from any thread, before or after the question is gone.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/notification.hpp"

namespace sallyport::admin {

template <typename T>
class Asked {
 public:
  explicit Asked(io::EventLoop& loop) : told_(loop), desk_(std::make_shared<Desk>()) {
    desk_->loop = &loop;
    desk_->told = &told_;
  }
  ~Asked() {
    const std::lock_guard lock(desk_->mutex);
    desk_->told = nullptr;
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  // What gives the answer. Only the first one counts.
  [[nodiscard]] std::function<void(T)> teller() const {
    return [desk = desk_](T answer) {
      const std::lock_guard lock(desk->mutex);
      if (desk->told == nullptr || desk->answer) return;
      desk->answer.emplace(std::move(answer));
      // The loop lives as long as what stands in its coroutines' frames.
      desk->loop->post([desk] { Desk::wake(*desk); });
    };
  }

  // Null: `cancellation` fired or `deadline` passed before there was an answer.
  io::Task<std::optional<T>> wait(io::Cancellation& cancellation, io::TimePoint deadline) {
    const io::Cancellation::Watch watch(
        cancellation, [](void* told, const Error&) { static_cast<io::Notification*>(told)->notify(); }, &told_);
    [[maybe_unused]] const bool notified = co_await told_.wait_until(deadline);
    const std::lock_guard lock(desk_->mutex);
    co_return std::move(desk_->answer);
  }

 private:
  struct Desk {
    static void wake(Desk& desk) {
      const std::lock_guard lock(desk.mutex);
      if (desk.told != nullptr) desk.told->notify();
    }
    std::mutex mutex;
    // Below: protected by mutex.
    io::EventLoop* loop = nullptr;
    io::Notification* told = nullptr;  // null once the question is gone
    std::optional<T> answer;
  };

  io::Notification told_;
  std::shared_ptr<Desk> desk_;
};

}  // namespace sallyport::admin
