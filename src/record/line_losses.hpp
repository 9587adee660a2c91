// LineLosses: how many lines of the log were lost, and how many of them somebody was told of. Any thread counts and
// reads; one thread tells.
#pragma once

#include <atomic>
#include <cstdint>

namespace sallyport::record {

class LineLosses {
 public:
  void count(std::uint64_t lines) { lost_.fetch_add(lines, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t total() const { return lost_.load(std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t untold() const { return total() - told_; }
  void told(std::uint64_t lines) { told_ += lines; }

 private:
  std::atomic<std::uint64_t> lost_{0};
  std::uint64_t told_ = 0;
};

}  // namespace sallyport::record
