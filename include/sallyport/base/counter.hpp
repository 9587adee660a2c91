// Counter: a number that one thread keeps and every thread may read.
//
// Its owner's thread alone changes it, so that doing so is a load and a store and never waits for another core's cache;
// what several threads count together is a Counter for each, summed by the reader. Read over several counters it is no
// snapshot of one moment. A plain value that cannot be copied.
#pragma once

#include <atomic>
#include <cstdint>

namespace sallyport {

class Counter {
 public:
  void add(std::uint64_t count = 1) { value_.store(value() + count, std::memory_order_relaxed); }
  // Never more than was added.
  void subtract(std::uint64_t count = 1) { value_.store(value() - count, std::memory_order_relaxed); }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

}  // namespace sallyport
