// LineWriter: lines to a descriptor, in batches, by a thread that may wait for it, though not for ever.
//
// What the descriptor does not take within `patience` is lost and counted; after that, until it takes something
// again, nothing more is waited for. A line cut short by a failure is ended before the next one begins.
// One thread writes; replace() may be called from another.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

#include "queue_budget.hpp"

namespace sallyport::record {

class LineWriter {
 public:
  // `budget` must outlive the writer.
  LineWriter(UniqueFd descriptor, QueueBudget& budget, std::chrono::milliseconds patience);
  // Ends with what was added.
  ~LineWriter() { write_out(); }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Adds a line, given without its newline.
  void add(std::string_view line);
  // Writes what was added. add() does so itself when enough has come together.
  void write_out();

  // Puts another file behind the descriptor.
  Result<void> replace(const UniqueFd& file);

 private:
  bool wait_until_writable();
  void give_up(std::string_view rest);

  const UniqueFd descriptor_;
  QueueBudget& budget_;
  const std::chrono::milliseconds patience_;
  const bool regular_;
  std::string batch_;
  bool stalled_ = false;
  bool mid_line_ = false;
};

// Opens a log file to append to, 0640, without ever waiting (a FIFO nobody reads is an error).
[[nodiscard]] Result<UniqueFd> open_log_file(const std::string& path);

}  // namespace sallyport::record
