#include "sallyport/base/domain_name.hpp"

#include <algorithm>

#include "sallyport/base/text.hpp"

namespace sallyport {
namespace {

constexpr std::size_t max_name = 253;
constexpr std::size_t max_label = 63;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
constexpr bool is_label_character(char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_'; }

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= max_label && std::ranges::all_of(label, is_label_character);
}

bool is_number(std::string_view label) {
  if (label.starts_with("0x")) return std::ranges::all_of(label.substr(2), is_hex_digit);
  return std::ranges::all_of(label, is_digit);
}

}  // namespace

std::optional<std::string> canonical_domain_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > max_name) return std::nullopt;

  std::string canonical = to_lower(name);
  std::string_view rest = canonical;
  for (;;) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (!is_label(label)) return std::nullopt;
    if (dot == std::string_view::npos) {
      if (is_number(label)) return std::nullopt;
      return canonical;
    }
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace sallyport
