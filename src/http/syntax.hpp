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
// byte's highest bit where the byte is below it.
[[nodiscard]] inline bool is_text(std::string_view text) {
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::uint64_t high = each * 0x80;
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    const std::uint64_t control = (word - each * 0x20) & ~word & high;
    const std::uint64_t deleted = word ^ (each * 0x7f);
    const bool odd = (control | ((deleted - each) & ~deleted & high)) != 0;
    // A tab is among them.
    if (odd && !std::all_of(text.begin(), text.begin() + sizeof word, is_text_char)) return false;
    text.remove_prefix(sizeof word);
  }
  return std::all_of(text.begin(), text.end(), is_text_char);
}

[[nodiscard]] inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[nodiscard]] inline bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

}  // namespace sallyport::http
