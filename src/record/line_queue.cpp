#include "line_queue.hpp"

#include <utility>

namespace sallyport::record {
namespace {

constexpr std::chrono::milliseconds time_for_company{5};
constexpr std::size_t kept_capacity = 256 * 1024;  // a burst's memory is given back

}  // namespace

bool LineQueue::add(Level level, std::string_view line) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.lines.size() >= max_lines_ || waiting_.text.size() + line.size() + 1 > max_bytes_) return false;
    waiting_.text += line;
    waiting_.text += '\n';
    waiting_.lines.push_back({level, line.size() + 1});
    wake = std::exchange(taker_idle_, false);
  }
  if (wake) changed_.notify_one();
  return true;
}

bool LineQueue::take(Batch& batch) {
  if (batch.text.capacity() > kept_capacity) batch = Batch();
  batch.text.clear();
  batch.lines.clear();
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, last_taken_ + time_for_company, [this] { return ended_; });
  if (waiting_.lines.empty() && !ended_) {
    taker_idle_ = true;
    changed_.wait(lock, [this] { return ended_ || !waiting_.lines.empty(); });
    taker_idle_ = false;
  }
  std::swap(batch, waiting_);
  lock.unlock();
  last_taken_ = std::chrono::steady_clock::now();
  return !batch.lines.empty();
}

void LineQueue::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
}

}  // namespace sallyport::record
