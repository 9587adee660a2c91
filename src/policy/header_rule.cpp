#include "header_rule.hpp"

#include <algorithm>
#include <cstdint>

#include "sallyport/base/text.hpp"

namespace sallyport::policy {
namespace {

constexpr std::string_view reserved[] = {
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "te",
    "trailer",
    "upgrade",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "x-request-id",
};

bool is_token_character(char c) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  const char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != std::string_view::npos;
}

bool is_value_character(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

}  // namespace

Result<HeaderField> parse_header(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return fail(ErrorKind::config, "expected Name: value");
  const std::string name(text.substr(0, colon));
  const std::string_view value = trim(text.substr(colon + 1));
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_character)) {
    return fail(ErrorKind::config, "'" + name + "' is not the name of a header field");
  }
  if (!std::all_of(value.begin(), value.end(), is_value_character)) {
    return fail(ErrorKind::config, "the value of " + name + " contains a control character");
  }
  if (std::find(std::begin(reserved), std::end(reserved), to_lower(name)) != std::end(reserved)) {
    return fail(ErrorKind::config, name + " cannot be set by a rule");
  }
  return HeaderField{name, std::string(value)};
}

}  // namespace sallyport::policy
