// QueueBudget: what may wait in the log's queue, in lines and bytes, and the count of what was turned away. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sallyport::record {

class QueueBudget {
 public:
  QueueBudget(std::size_t lines, std::size_t bytes) : max_lines_(lines), max_bytes_(bytes) {}

  // Room for one line of `bytes`, to be given back by release(); false, and counted as dropped, where there is none.
  [[nodiscard]] bool admit(std::size_t bytes) {
    const bool fits = lines_.fetch_add(1, std::memory_order_relaxed) < max_lines_;
    const bool fits_too = bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= max_bytes_;
    if (fits && fits_too) return true;
    release(bytes);
    count_dropped(1);
    return false;
  }

  void release(std::size_t bytes) {
    lines_.fetch_sub(1, std::memory_order_relaxed);
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }

  [[nodiscard]] std::size_t waiting() const { return lines_.load(std::memory_order_relaxed); }

  void count_dropped(std::uint64_t lines) { dropped_.fetch_add(lines, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // How many were dropped that nobody was told of yet. The caller says so, or gives them back.
  [[nodiscard]] std::uint64_t take_news() {
    const std::uint64_t now = dropped();
    std::uint64_t before = told_.load(std::memory_order_relaxed);
    while (before < now) {
      if (told_.compare_exchange_weak(before, now, std::memory_order_relaxed)) return now - before;
    }
    return 0;
  }
  void give_back_news(std::uint64_t lines) { told_.fetch_sub(lines, std::memory_order_relaxed); }

 private:
  const std::size_t max_lines_;
  const std::size_t max_bytes_;
  std::atomic<std::size_t> lines_{0};
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> told_{0};
};

}  // namespace sallyport::record
