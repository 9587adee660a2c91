// RecentMedian: the median of what a histogram of all workers has taken in the last so many samples.
//
// Pure; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "sallyport/gateway/metrics.hpp"

namespace sallyport::admin {

class RecentMedian {
 public:
  using Counts = std::array<std::uint64_t, gateway::Histogram::bounds.size() + 1>;

  explicit RecentMedian(std::size_t samples) : most_(samples) {}

  // What the histogram's buckets hold now.
  void sample(const Counts& counts);
  // In milliseconds, as exact as its bucket is narrow; nothing where nothing was taken.
  [[nodiscard]] std::optional<double> milliseconds() const;

 private:
  std::size_t most_;
  std::deque<Counts> samples_;  // the newest last
};

}  // namespace sallyport::admin
