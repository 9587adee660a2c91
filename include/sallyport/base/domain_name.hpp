// Domain names in the one form that all comparison, caching and logging use. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

// `name` in lower case without its trailing dot, or nullopt where it is not a host's domain name: 1 to
// 253 bytes (RFC 1035 §2.3.4), labels of 1 to 63 bytes of a-z, 0-9, hyphen and underscore (the last is no
// host name by RFC 952, yet is in use). No U-labels: convert those to A-labels first. No IP addresses in any
// spelling: a name whose last label is a number, decimal or 0x…, is one to inet_aton and to browsers.
[[nodiscard]] std::optional<std::string> canonical_domain_name(std::string_view name);

// The name without its first label: "www.example.com" gives "example.com", "com" gives "".
[[nodiscard]] constexpr std::string_view parent_domain(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

// Whether `name` lies below `domain`, at any depth and not equal to it. Both canonical.
[[nodiscard]] constexpr bool is_below(std::string_view name, std::string_view domain) {
  return name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.';
}

}  // namespace sallyport
