// Small operations on ASCII text, locale-free. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

[[nodiscard]] constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

[[nodiscard]] std::string to_lower(std::string_view text);

// Equal but for ASCII case: field names, tokens, host names.
[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right);

// Without blanks (space, tab, CR, LF) at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

// The pieces between `separator`s, each trimmed; empty pieces are kept.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

// Length in bytes of the well-formed UTF-8 sequence (RFC 3629 §4) that `text`, not empty, starts with; 0 if none.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text);

// For people's eyes: control characters, DEL, bytes that are not valid UTF-8 and backslashes become
// \xNN (or \\), so that no foreign text can forge a log line or move a terminal's cursor.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace sallyport
