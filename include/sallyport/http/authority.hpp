// Authority: host[:port] as it stands in Host, :authority, absolute-form targets and CONNECT, in one
// canonical spelling, so that policy judges what will be dialled (RFC 3986 §3.2, RFC 9110 §7.2).
//
// A plain value; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::http {

struct Authority {
  std::string host;                  // lower-case A-labels without trailing dot, or an address without brackets
  std::optional<IpAddress> address;  // where host is one
  std::optional<std::uint16_t> port;

  // A name, a dotted quad or a bracketed IPv6 address, with or without a port from 1 to 65535. Errors
  // (malformed): user information, lists, paths, blanks, brackets around or missing from the wrong things, empty
  // host or port, leading zeros in the port, and spellings that some resolvers take for an address (127.1,
  // 0x7f.1, 2130706433).
  [[nodiscard]] static Result<Authority> parse(std::string_view text);

  // The target of a CONNECT: the same, and the port must be there (RFC 9110 §9.3.6).
  [[nodiscard]] static Result<Authority> parse_connect_target(std::string_view text);

  // host[:port], IPv6 in brackets.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Authority&, const Authority&) = default;
};

}  // namespace sallyport::http
