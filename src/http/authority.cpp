#include "sallyport/http/authority.hpp"

#include <charconv>
#include <utility>

#include "sallyport/base/domain_name.hpp"

namespace sallyport::http {
namespace {

// Plain decimal from 1 to 65535; no sign, blank or leading zero.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || text.starts_with('0')) return std::nullopt;
  return port;
}

// Host and port text; the port is nullopt where there is no colon.
Result<std::pair<std::string_view, std::optional<std::string_view>>> split_port(std::string_view text) {
  std::size_t host_end = text.find(':');
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return fail(ErrorKind::malformed, "an opening bracket without its partner");
    host_end = bracket + 1;
    if (host_end < text.size() && text[host_end] != ':') {
      return fail(ErrorKind::malformed, "something other than a port behind the bracket");
    }
  }
  if (host_end >= text.size()) return std::pair{text, std::optional<std::string_view>()};
  return std::pair{text.substr(0, host_end), std::optional(text.substr(host_end + 1))};
}

}  // namespace

Result<Authority> Authority::parse(std::string_view text) {
  const auto split = split_port(text);
  if (!split) return std::unexpected(split.error());
  const auto [host, port_text] = *split;

  Authority authority;
  if (port_text) {
    authority.port = parse_port(*port_text);
    if (!authority.port) return fail(ErrorKind::malformed, "the port is not a number from 1 to 65535");
  }
  if (host.empty()) return fail(ErrorKind::malformed, "the host is empty");
  authority.address = IpAddress::parse(host);
  if (authority.address) {
    authority.host = authority.address->to_string();
    return authority;
  }
  auto name = canonical_domain_name(host);
  if (!name) return fail(ErrorKind::malformed, "the host is neither a domain name nor an address");
  authority.host = std::move(*name);
  return authority;
}

Result<Authority> Authority::parse_connect_target(std::string_view text) {
  auto authority = parse(text);
  if (authority && !authority->port) return fail(ErrorKind::malformed, "the port is missing");
  return authority;
}

std::string Authority::to_string() const {
  const bool brackets = address && address->is_v6();
  std::string text = brackets ? "[" + host + "]" : host;
  if (port) text += ":" + std::to_string(*port);
  return text;
}

}  // namespace sallyport::http
