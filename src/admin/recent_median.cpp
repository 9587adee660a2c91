#include "recent_median.hpp"

#include <numeric>

namespace sallyport::admin {

void RecentMedian::sample(const Counts& counts) {
  samples_.push_back(counts);
  if (samples_.size() > most_ + 1) samples_.pop_front();
}

std::optional<double> RecentMedian::milliseconds() const {
  constexpr double thousand = 1000.0;
  const auto& bounds = gateway::Histogram::bounds;
  if (samples_.empty()) return std::nullopt;
  Counts taken = samples_.back();
  for (std::size_t at = 0; at < taken.size(); ++at) taken[at] -= samples_.front()[at];
  const double half = static_cast<double>(std::accumulate(taken.begin(), taken.end(), std::uint64_t{0})) / 2;
  if (half == 0) return std::nullopt;
  double below = 0;
  for (std::size_t at = 0; at < bounds.size(); ++at) {
    const auto here = static_cast<double>(taken[at]);
    const double from = at == 0 ? 0 : bounds[at - 1];
    if (below + here >= half) return thousand * (from + (bounds[at] - from) * (half - below) / here);
    below += here;
  }
  return thousand * bounds.back();
}

}  // namespace sallyport::admin
