#include "sallyport/record/live_tap.hpp"

#include <utility>

namespace sallyport::record {

void LiveTap::watch(bool watched) {
  watched_.store(watched, std::memory_order_relaxed);
  if (!watched) static_cast<void>(take());
}

void LiveTap::add(std::string_view line) {
  if (!watched()) return;
  if (full_.load(std::memory_order_relaxed)) {
    skipped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  std::string copy(line);
  const std::lock_guard lock(mutex_);
  if (lines_.size() >= most_) {
    skipped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  lines_.push_back(std::move(copy));
  if (lines_.size() >= most_) full_.store(true, std::memory_order_relaxed);
}

LiveTap::Lines LiveTap::take() {
  Lines taken;
  const std::lock_guard lock(mutex_);
  taken.lines.swap(lines_);
  taken.skipped = skipped_.exchange(0, std::memory_order_relaxed);
  full_.store(false, std::memory_order_relaxed);
  return taken;
}

}  // namespace sallyport::record
