// LiveTap: the log's lines of exchanges, for whoever watches them as they end.
//
// Any thread. Bounded: between two take()s so many lines are kept, and the others are counted. While nobody watches,
// adding costs one look at a flag.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::record {

class LiveTap {
 public:
  struct Lines {
    std::vector<std::string> lines;  // in the order they came
    std::uint64_t skipped = 0;       // besides those
  };

  explicit LiveTap(std::size_t most_lines) : most_(most_lines) {}

  // Whether somebody watches. What is kept is dropped when nobody does any more.
  void watch(bool watched);
  [[nodiscard]] bool watched() const { return watched_.load(std::memory_order_relaxed); }
  void add(std::string_view line);
  // What has come since the last time.
  [[nodiscard]] Lines take();

 private:
  const std::size_t most_;
  std::atomic<bool> watched_ = false;
  // Full: nobody needs the lock to know that a line is one too many.
  std::atomic<bool> full_ = false;
  std::atomic<std::uint64_t> skipped_ = 0;
  std::mutex mutex_;
  std::vector<std::string> lines_;  // protected by mutex_
};

}  // namespace sallyport::record
