#include "ini_syntax.hpp"

#include <algorithm>
#include <cstdint>

#include "sallyport/base/text.hpp"

namespace sallyport::config {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view without_comment(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == ';' && is_blank(text[at - 1])) return text.substr(0, at);
  }
  return text;
}

bool is_key(std::string_view text) {
  return !text.empty() && text.size() <= max_key_bytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Result<Value> parse_quoted(std::string_view text) {
  Value value{{}, true};
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      const std::string_view rest = text.substr(at + 1);
      if (!trim(without_comment(rest)).empty()) return fail(ErrorKind::config, "text after the closing quote");
      return value;
    }
    const bool escapes = text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\');
    if (escapes) ++at;
    value.text += text[at];
  }
  return fail(ErrorKind::config, "the quoted value does not end with a quote");
}

}  // namespace

bool is_blank_or_comment(std::string_view line) {
  const std::string_view text = trim(line);
  return text.empty() || text.front() == ';' || text.front() == '#';
}

bool has_control_character(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

Result<std::string> parse_section(std::string_view line) {
  const std::size_t end = line.find(']');
  if (end == std::string_view::npos) return fail(ErrorKind::config, "the section name does not end with ']'");
  if (!trim(without_comment(line.substr(end + 1))).empty()) {
    return fail(ErrorKind::config, "text after the section name");
  }
  const std::string_view name = trim(line.substr(1, end - 1));
  if (name.empty()) return fail(ErrorKind::config, "the section name is empty");
  return std::string(name);
}

Result<KeyAndValue> parse_key_and_value(std::string_view line) {
  const std::size_t equals = line.find('=');
  const std::string_view key = trim(line.substr(0, equals));
  if (equals == std::string_view::npos) {
    return fail(ErrorKind::config, "expected [section] or key = value, found '" + std::string(trim(line)) + "'");
  }
  if (!is_key(key)) {
    return fail(ErrorKind::config, "'" + std::string(key) + "' is not a key (lower-case letters, digits, '_', '-')");
  }
  Result<Value> value = parse_value(line.substr(equals + 1));
  if (!value) return std::unexpected(value.error());
  return KeyAndValue{std::string(key), std::move(*value)};
}

Result<Value> parse_value(std::string_view text) {
  const std::string_view trimmed = trim(text);
  if (trimmed.starts_with('"')) return parse_quoted(trimmed);
  return Value{std::string(trim(without_comment(text))), false};
}

}  // namespace sallyport::config
