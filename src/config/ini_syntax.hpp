// The syntax of one INI line. Pure functions over borrowed text; any thread.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::config {

struct Value {
  std::string text;
  bool quoted = false;
};

struct KeyAndValue {
  std::string key;
  Value value;
};

// inih keeps 49 bytes of a key.
inline constexpr std::size_t max_key_bytes = 49;

[[nodiscard]] bool is_blank_or_comment(std::string_view line);
[[nodiscard]] bool has_control_character(std::string_view line);

// "[name]", perhaps with a comment behind it.
[[nodiscard]] Result<std::string> parse_section(std::string_view line);

// "key = value", perhaps with a comment behind it. Keys are lower-case letters, digits, '_' and '-'.
[[nodiscard]] Result<KeyAndValue> parse_key_and_value(std::string_view line);

// What stands behind "key =", or on a continuation line: plain up to a blank and ';', or in quotes.
[[nodiscard]] Result<Value> parse_value(std::string_view text);

}  // namespace sallyport::config
