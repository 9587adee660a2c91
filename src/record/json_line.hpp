// Writes one JSON object straight into a string, key after key, without building a document first: it stands on the
// path of every exchange. Any thread; `out` is borrowed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::record {

class JsonLine {
 public:
  explicit JsonLine(std::string& out) : out_(out) { out_ += '{'; }

  // Every `key` but that of stranger() is one of ours: letters, digits and '_'.
  // At most `limit` bytes of `value`; what is cut off leaves "…".
  void text(std::string_view key, std::string_view value, std::size_t limit);
  // The same under a key that may hold anything.
  void stranger(std::string_view key, std::string_view value, std::size_t limit);
  // The first `most` of `values`, each cut as text() does.
  void list(std::string_view key, std::span<const std::string> values, std::size_t most, std::size_t limit);
  void number(std::string_view key, std::uint64_t value);
  // Milliseconds with three decimals.
  void milliseconds(std::string_view key, std::chrono::microseconds value);
  void time(std::string_view key, std::chrono::system_clock::time_point value);
  // What is written until end_object() are the keys of an object of its own.
  void begin_object(std::string_view key);
  void end_object();
  void end() { out_ += '}'; }

 private:
  class Piece;
  // Up to the colon.
  Piece begin(std::string_view key);
  void quoted(std::string_view value, std::size_t limit);

  std::string& out_;
  bool first_ = true;
};

// The inside of a JSON string (RFC 8259 §7). Control characters, C1 ones and DEL too, become \u00NN; a byte that is
// not UTF-8 becomes the four characters \xNN, JSON having no bytes.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace sallyport::record
