#include "json_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "sallyport/base/text.hpp"

#include "digits.hpp"

namespace sallyport::record {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t key_limit = 64;

constexpr bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

// How many characters `text` starts with that stand for themselves. Eight at a time, for nearly all of them do: what
// is subtracted borrows into a byte's highest bit where the byte is below it. The last eight may be looked at twice in
// part.
std::size_t plain_prefix(std::string_view text) {
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::uint64_t high = each * 0x80;
  const auto has_zero = [](std::uint64_t word) { return (word - each) & ~word & high; };
  std::size_t at = 0;
  std::uint64_t word = 0;
  while (text.size() >= sizeof word) {
    const std::size_t last = text.size() - sizeof word;
    std::memcpy(&word, text.data() + at, sizeof word);
    const std::uint64_t control = (word - each * 0x20) & ~word & high;
    const std::uint64_t odd = control | (word & high) | has_zero(word ^ (each * 0x7f)) | has_zero(word ^ (each * '"')) |
                              has_zero(word ^ (each * '\\'));
    if (odd != 0) break;
    if (at == last) return text.size();
    at = std::min(at + sizeof word, last);
  }
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

void append_unicode_escape(std::string& out, std::uint8_t code) {
  out += "\\u00";
  out += hex_digits[code >> 4];
  out += hex_digits[code & 15];
}

// One character, or one byte that starts none. Returns how many bytes of `text` that was.
std::size_t append_odd(std::string& out, std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text[0]);
  const std::size_t length = utf8_sequence_length(text);
  if (length == 0) {
    out += "\\\\x";
    out += hex_digits[first >> 4];
    out += hex_digits[first & 15];
    return 1;
  }
  if (first == '"' || first == '\\') {
    out += '\\';
    out += text[0];
  } else if (length == 1) {
    append_unicode_escape(out, first);
  } else if (length == 2 && first == 0xc2 && static_cast<std::uint8_t>(text[1]) < 0xa0) {
    append_unicode_escape(out, static_cast<std::uint8_t>(text[1]));  // C1: terminals obey these too
  } else {
    out += text.substr(0, length);
  }
  return length;
}

// The longest beginning of at most `limit` bytes that ends between characters.
std::string_view cut(std::string_view text, std::size_t limit) {
  const auto continues = [&](std::size_t at) { return (static_cast<std::uint8_t>(text[at]) & 0xc0) == 0x80; };
  std::size_t end = limit;
  while (end > 0 && limit - end < 4 && continues(end)) --end;
  return text.substr(0, end);
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_odd(out, text));
  }
}

// A key and what stands behind it are gathered and appended in one piece: what is appended bit by bit costs more than
// it is long.
class JsonLine::Piece {
 public:
  Piece(std::string_view key, bool first) {
    if (!first) add(',');
    add('"');
    add(key.substr(0, key_limit));
    add('"');
    add(':');
  }

  void add(char c) { *at_++ = c; }
  void add(std::string_view text) { at_ = std::copy_n(text.data(), text.size(), at_); }
  void add_number(std::uint64_t value) { at_ = std::to_chars(at_, characters_.data() + characters_.size(), value).ptr; }
  [[nodiscard]] std::string_view text() const { return {characters_.data(), at_}; }

  // Beside a key, its punctuation, and two numbers or the mark behind a text.
  static constexpr std::size_t text_limit = 64;

 private:
  std::array<char, key_limit + text_limit + 48> characters_;
  char* at_ = characters_.data();
};

JsonLine::Piece JsonLine::begin(std::string_view key) { return {key, std::exchange(first_, false)}; }

void JsonLine::text(std::string_view name, std::string_view value, std::size_t limit) {
  Piece piece = begin(name);
  piece.add('"');
  const bool fits = value.size() <= std::min(limit, Piece::text_limit) && plain_prefix(value) == value.size();
  if (fits) {
    piece.add(value);
    piece.add('"');
  }
  out_ += piece.text();
  if (!fits) quoted(value, limit);
}

void JsonLine::stranger(std::string_view name, std::string_view value, std::size_t limit) {
  if (name.size() <= key_limit && plain_prefix(name) == name.size()) return text(name, value, limit);
  out_ += std::exchange(first_, false) ? "\"" : ",\"";
  append_json_escaped(out_, name.size() > key_limit ? cut(name, key_limit) : name);
  out_ += "\":\"";
  quoted(value, limit);
}

void JsonLine::list(std::string_view name, std::span<const std::string> values, std::size_t most, std::size_t limit) {
  Piece piece = begin(name);
  piece.add('[');
  out_ += piece.text();
  for (const std::string& value : values.first(std::min(values.size(), most))) {
    out_ += &value == values.data() ? "\"" : ",\"";
    quoted(value, limit);
  }
  out_ += ']';
}

// The opening quote stands there already.
void JsonLine::quoted(std::string_view value, std::size_t limit) {
  if (value.size() <= limit) {
    append_json_escaped(out_, value);
  } else {
    append_json_escaped(out_, cut(value, limit));
    out_ += "…";
  }
  out_ += '"';
}

void JsonLine::number(std::string_view name, std::uint64_t value) {
  Piece piece = begin(name);
  piece.add_number(value);
  out_ += piece.text();
}

void JsonLine::begin_object(std::string_view name) {
  Piece piece = begin(name);
  piece.add('{');
  out_ += piece.text();
  first_ = true;
}

void JsonLine::end_object() {
  out_ += '}';
  first_ = false;
}

void JsonLine::milliseconds(std::string_view name, std::chrono::microseconds value) {
  const auto count = static_cast<std::uint64_t>(std::max<std::chrono::microseconds::rep>(value.count(), 0));
  const std::uint64_t thousandths = count % 1000;
  Piece piece = begin(name);
  piece.add_number(count / 1000);
  piece.add('.');
  piece.add(static_cast<char>('0' + thousandths / 100));
  piece.add(static_cast<char>('0' + thousandths / 10 % 10));
  piece.add(static_cast<char>('0' + thousandths % 10));
  out_ += piece.text();
}

void JsonLine::time(std::string_view name, std::chrono::system_clock::time_point value) {
  Piece piece = begin(name);
  piece.add('"');
  out_ += piece.text();
  append_time(out_, value);
  out_ += '"';
}

}  // namespace sallyport::record
