// IpAddress, Endpoint (address and port) and Prefix (CIDR): plain values for IPv4 and IPv6.
//
// An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is turned into the IPv4 address it names when it is
// parsed or taken from the kernel, so that no rule can be dodged by the spelling. Any thread.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0

  static IpAddress v4(const std::array<std::uint8_t, 4>& bytes);
  static IpAddress v6(const std::array<std::uint8_t, 16>& bytes);

  // Dotted quad or RFC 4291 text, the latter with or without brackets. No scope ids, and none of
  // inet_aton's other spellings (hex, octal, 127.1). nullopt for anything else.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool is_v4() const { return v4_; }
  [[nodiscard]] bool is_v6() const { return !v4_; }
  [[nodiscard]] int family() const { return v4_ ? AF_INET : AF_INET6; }

  // 4 or 16 bytes in network order.
  [[nodiscard]] const std::uint8_t* data() const { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const { return v4_ ? 4 : 16; }

  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_loopback() const;    // 127.0.0.0/8, ::1
  [[nodiscard]] bool is_link_local() const;  // 169.254.0.0/16 (metadata services too), fe80::/10
  [[nodiscard]] bool is_private() const;     // RFC 1918, RFC 6598 (CGNAT), RFC 4193 (ULA)
  [[nodiscard]] bool is_multicast() const;
  // Nothing on the Internet answers there: reserved, documentation and broadcast space, 0.0.0.0/8, class E.
  [[nodiscard]] bool is_reserved() const;

  [[nodiscard]] std::string to_string() const;  // RFC 5952, without brackets

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const IpAddress& address) {
    return H::combine(std::move(state), address.v4_, address.bytes_);
  }

 private:
  bool v4_ = true;
  std::array<std::uint8_t, 16> bytes_{};
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  // "192.0.2.1:443" or "[2001:db8::1]:443". nullopt for anything else.
  static std::optional<Endpoint> parse(std::string_view text);
  // From what accept(), getsockname() or getpeername() filled in. Unspecified for other families.
  static Endpoint from_sockaddr(const sockaddr_storage& storage);

  // Fills `storage`; returns the length to hand to the kernel.
  socklen_t to_sockaddr(sockaddr_storage& storage) const;
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const Endpoint& endpoint) {
    return H::combine(std::move(state), endpoint.address, endpoint.port);
  }
};

// An address with a prefix length: 10.0.0.0/8, 2001:db8::/32, or a single address without a slash.
class Prefix {
 public:
  static std::optional<Prefix> parse(std::string_view text);
  static Prefix of(const IpAddress& address) { return Prefix(address, static_cast<int>(address.size() * 8)); }
  // nullopt if `length` is not one of the address's bit counts.
  static std::optional<Prefix> of(const IpAddress& address, int length) {
    if (length < 0 || length > static_cast<int>(address.size() * 8)) return std::nullopt;
    return Prefix(address, length);
  }

  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] const IpAddress& address() const { return address_; }
  [[nodiscard]] int length() const { return length_; }
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  Prefix(const IpAddress& address, int length) : address_(address), length_(length) {}

  IpAddress address_;
  int length_ = 0;
};

}  // namespace sallyport
