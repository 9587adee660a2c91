// HeadScanner: finds the end of a block of field lines and refuses, byte for byte, what no HTTP/1.1
// head may hold. It runs before the tokeniser, which is more lenient.
//
// Owned by one parser; remembers how far it came, so that a head arriving byte by byte costs no more
// than one arriving at once. Holds no bytes itself: the caller passes the same block, grown. Any thread,
// one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace sallyport::http::http1 {

// What heads and trailers may take up: bytes with line ends, and field lines.
struct Limits {
  std::size_t header_bytes = 65536;
  std::size_t fields_count = 500;

  friend bool operator==(const Limits&, const Limits&) = default;
};

class HeadScanner {
 public:
  enum class Fault : std::uint8_t {
    bare_line_feed,
    bare_carriage_return,
    control_byte,
    empty_start_line,
    folded_line,     // a field line that starts with a blank (RFC 9112 §5.2)
    bad_field_name,  // empty, with a blank before the colon, or not a token (RFC 9112 §5.1)
    too_long,        // more than Limits::header_bytes
    too_many_fields,
  };

  explicit HeadScanner(Limits limits) : limits_(limits) {}

  // For a head, which opens with a start line, or for a trailer section, which has none.
  void reset_for_head();
  void reset_for_trailers();

  // `block` starts where it started at the last call. The length of the complete block, with its closing
  // empty line; 0 while more is needed.
  std::expected<std::size_t, Fault> scan(std::string_view block);

  // Length of the start line without its line end, which is never empty; 0 while it is incomplete.
  [[nodiscard]] std::size_t start_line_length() const { return start_line_length_; }

  [[nodiscard]] static std::string_view describe(Fault fault);

 private:
  enum class State : std::uint8_t { start_line, start_line_end, line_start, name, value, line_end, block_end };

  std::expected<bool, Fault> step(std::string_view block);
  [[nodiscard]] static Fault fault_of(char c);

  Limits limits_;
  State state_ = State::start_line;
  std::size_t position_ = 0;
  std::size_t start_line_length_ = 0;
  std::size_t fields_ = 0;
};

}  // namespace sallyport::http::http1
