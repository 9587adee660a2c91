// What the load programs say of many measurements. Any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <nlohmann/json.hpp>

namespace sallyport::bench {

// Median, p90, p99 and the greatest; null where nothing was measured.
inline nlohmann::json percentiles(std::vector<double> figures) {
  if (figures.empty()) return nullptr;
  std::ranges::sort(figures);
  const auto at = [&](double part) {
    return figures[static_cast<std::size_t>(part * static_cast<double>(figures.size() - 1))];
  };
  return {{"p50", at(0.5)}, {"p90", at(0.9)}, {"p99", at(0.99)}, {"most", figures.back()}};
}

}  // namespace sallyport::bench
