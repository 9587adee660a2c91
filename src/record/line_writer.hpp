// LineWriter: lines to a descriptor, by a thread that may wait for it, though not for ever.
//
// What the descriptor does not take within `patience` is lost; after that, until it takes something
// again, nothing more is waited for. A line cut short by a failure is ended before the next one begins.
// One thread writes; replace() may be called from another.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::record {

class LineWriter {
 public:
  LineWriter(UniqueFd descriptor, std::chrono::milliseconds patience);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Writes lines, each with its newline; gives how many of them were lost.
  [[nodiscard]] std::uint64_t write(std::string_view lines);

  // Puts another file behind the descriptor.
  Result<void> replace(const UniqueFd& file);

 private:
  std::string_view send(std::string_view text);
  bool wait_until_writable();

  const UniqueFd descriptor_;
  const std::chrono::milliseconds patience_;
  const bool regular_;
  bool stalled_ = false;
  bool mid_line_ = false;
};

// Opens a log file to append to, 0640, without ever waiting (a FIFO nobody reads is an error).
[[nodiscard]] Result<UniqueFd> open_log_file(const std::string& path);

}  // namespace sallyport::record
