// LineQueue: the log's lines on their way from any thread to the one that writes them. Bounded; who adds never waits.
//
// A thread that is woken for every line costs the worker more than the line itself does. So the taker is woken at once
// where it has been idle, and otherwise looks by itself a few milliseconds after its last look, at whatever has come by
// then.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/record/log.hpp"

namespace sallyport::record {

class LineQueue {
 public:
  struct Line {
    Level level;
    std::size_t bytes;  // in the batch's text, with the newline
  };
  struct Batch {
    std::string text;
    std::vector<Line> lines;
  };

  LineQueue(std::size_t max_lines, std::size_t max_bytes) : max_lines_(max_lines), max_bytes_(max_bytes) {}

  // Adds a line, given without its newline; false where there is no room. Any thread.
  [[nodiscard]] bool add(Level level, std::string_view line);

  // Waits for lines and replaces `batch` by them, which it gives its memory back by. False: the queue has ended, and is
  // empty. One thread.
  [[nodiscard]] bool take(Batch& batch);

  // take() gives what there is, and then false.
  void end();

 private:
  const std::size_t max_lines_;
  const std::size_t max_bytes_;
  std::chrono::steady_clock::time_point last_taken_;  // the taker's own

  std::mutex mutex_;
  std::condition_variable changed_;
  // Below: protected by mutex_.
  Batch waiting_;
  bool taker_idle_ = false;
  bool ended_ = false;
};

}  // namespace sallyport::record
