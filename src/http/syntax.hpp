// Character classes of HTTP (RFC 9110 §5.5 and §5.6.2), as tables. Any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
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

[[nodiscard]] inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[nodiscard]] inline bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

}  // namespace sallyport::http
