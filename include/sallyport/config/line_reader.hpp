// LineReader: the lines of a file, each numbered and none longer than a bound.
//
// Memory stays at one line whatever the file is. A line that is over-long is reported as such and its
// bytes are skipped. One thread; the stream belongs to the caller and must outlive the reader.
#pragma once

#include <array>
#include <cstdint>
#include <fstream>
#include <istream>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::config {

class LineReader {
 public:
  static constexpr std::size_t max_line_bytes = 4096;

  explicit LineReader(std::istream& stream) : stream_(stream) {}

  // Goes to the next line; false at the end, or where reading failed.
  bool next();

  // Without its end of line (LF or CR LF); a byte order mark at the start of the file is left out.
  // Valid until next(). Empty where too_long().
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] bool too_long() const { return too_long_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }  // from 1

  // True when the end was reached because the system could not read on.
  [[nodiscard]] bool failed() const { return stream_.bad(); }

 private:
  std::istream& stream_;
  std::array<char, max_line_bytes + 2> buffer_;  // room for CR and the terminating NUL
  std::string_view text_;
  bool too_long_ = false;
  std::uint32_t number_ = 0;
};

// Opens a regular file for reading. ErrorKind::config with the system's reason otherwise; devices,
// sockets and pipes are refused, since reading them may never end.
[[nodiscard]] Result<std::ifstream> open_text(const std::string& path);

// `path` as meant by the file `from`: relative ones start at the folder `from` stands in.
[[nodiscard]] std::string resolve_path(const std::string& from, std::string_view path);

}  // namespace sallyport::config
