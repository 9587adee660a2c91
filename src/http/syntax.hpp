// Character classes of HTTP (RFC 9110 §5.5 and §5.6.2), as tables. Any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sallyport::http {

namespace syntax_detail {

constexpr std::array<bool, 256> table_of(auto predicate) {
  std::array<bool, 256> table{};
  for (unsigned at = 0; at < 256; ++at) table[at] = predicate(at);
  return table;
}

inline constexpr std::array<bool, 256> token = table_of([](unsigned c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c != 0 && c < 0x80 && std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(c)));
});

inline constexpr std::array<bool, 256> text =
    table_of([](unsigned c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });

}  // namespace syntax_detail

// tchar: method names, field names, protocol names.
[[nodiscard]] inline bool is_token_char(char c) { return syntax_detail::token[static_cast<std::uint8_t>(c)]; }

// What a field value may hold: visible characters, blanks and obs-text; no control characters but the tab.
[[nodiscard]] inline bool is_text_char(char c) { return syntax_detail::text[static_cast<std::uint8_t>(c)]; }

// Whether each of its characters is_text_char(). Eight at a time, for nearly all are: what is subtracted borrows into a
// byte's highest bit where the byte is below it. The last eight may be looked at twice in part.
[[nodiscard]] inline bool is_text(std::string_view text) {
  const auto one_by_one = [](std::string_view part) {
    return std::ranges::all_of(part, [](char c) { return is_text_char(c); });
  };
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::uint64_t high = each * 0x80;
  std::uint64_t word = 0;
  if (text.size() < sizeof word) return one_by_one(text);
  const std::size_t last = text.size() - sizeof word;
  for (std::size_t at = 0;; at = std::min(at + sizeof word, last)) {
    std::memcpy(&word, text.data() + at, sizeof word);
    const std::uint64_t control = (word - each * 0x20) & ~word & high;
    const std::uint64_t deleted = word ^ (each * 0x7f);
    const bool odd = (control | ((deleted - each) & ~deleted & high)) != 0;
    // A tab is among them.
    if (odd && !one_by_one(text.substr(at, sizeof word))) return false;
    if (at == last) return true;
  }
}

[[nodiscard]] inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[nodiscard]] inline bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_token_char(c); });
}

}  // namespace sallyport::http
