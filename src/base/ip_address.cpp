#include "sallyport/base/ip_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

namespace sallyport {
namespace {

constexpr std::array<std::uint8_t, 12> v4_mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

template <typename Integer>
std::optional<Integer> parse_decimal(std::string_view text, Integer most) {
  unsigned long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > static_cast<unsigned long>(most)) {
    return std::nullopt;
  }
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return static_cast<Integer>(value);
}

bool in_any(const IpAddress& address, std::span<const char* const> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const char* text) { return Prefix::parse(text)->contains(address); });
}

}  // namespace

IpAddress IpAddress::v4(const std::array<std::uint8_t, 4>& bytes) {
  IpAddress address;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes) {
  if (std::equal(v4_mapped_prefix.begin(), v4_mapped_prefix.end(), bytes.begin())) {
    return v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  IpAddress address;
  address.v4_ = false;
  address.bytes_ = bytes;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  }
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  std::array<std::uint8_t, 4> four{};
  if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) return v4(four);
  std::array<std::uint8_t, 16> sixteen{};
  if (inet_pton(AF_INET6, terminated.c_str(), sixteen.data()) == 1) return v6(sixteen);
  return std::nullopt;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_loopback() const {
  if (v4_) return bytes_[0] == 127;
  return bytes_[15] == 1 &&
         std::all_of(bytes_.begin(), bytes_.begin() + 15, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_link_local() const {
  if (v4_) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool IpAddress::is_private() const {
  static constexpr const char* prefixes[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                                             "fc00::/7"};
  return in_any(*this, prefixes);
}

bool IpAddress::is_multicast() const { return v4_ ? (bytes_[0] & 0xf0) == 0xe0 : bytes_[0] == 0xff; }

bool IpAddress::is_reserved() const {
  static constexpr const char* prefixes[] = {"0.0.0.0/8",       "192.0.0.0/24",   "192.0.2.0/24", "198.18.0.0/15",
                                             "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",  "::/128",
                                             "100::/64",        "2001:db8::/32"};
  return in_any(*this, prefixes);
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (v4_) {  // by hand: it stands in every log line, and inet_ntop() formats by sprintf()
    char* at = text.data();
    for (std::size_t part = 0; part < 4; ++part) {
      if (part > 0) *at++ = '.';
      at = std::to_chars(at, text.data() + text.size(), bytes_[part]).ptr;
    }
    return {text.data(), at};
  }
  inet_ntop(family(), bytes_.data(), text.data(), text.size());
  return text.data();
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view host = text.substr(0, colon);
  const bool bracketed = !host.empty() && host.front() == '[';
  if (host.find(':') != std::string_view::npos && !bracketed) return std::nullopt;
  const std::optional<IpAddress> address = IpAddress::parse(host);
  const std::optional<std::uint16_t> port = parse_decimal<std::uint16_t>(text.substr(colon + 1), 65535);
  if (!address || !port) return std::nullopt;
  return Endpoint{*address, *port};
}

Endpoint Endpoint::from_sockaddr(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    return {IpAddress::v4(bytes), ntohs(in.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &storage, sizeof in6);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
    return {IpAddress::v6(bytes), ntohs(in6.sin6_port)};
  }
  return {};
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& storage) const {
  storage = {};
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.data(), 4);
    std::memcpy(&storage, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  std::memcpy(&in6.sin6_addr, address.data(), 16);
  std::memcpy(&storage, &in6, sizeof in6);
  return sizeof in6;
}

std::string Endpoint::to_string() const {
  // In one piece: two stand in every log line, and one in the key of each exchange's upstream connection.
  const std::string host = address.to_string();
  std::array<char, INET6_ADDRSTRLEN + std::string_view("[]:65535").size()> text;
  char* at = text.data();
  if (!address.is_v4()) *at++ = '[';
  at = std::ranges::copy(host, at).out;
  if (!address.is_v4()) *at++ = ']';
  *at++ = ':';
  at = std::to_chars(at, text.data() + text.size(), port).ptr;
  return {text.data(), at};
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const int most = static_cast<int>(address->size() * 8);
  if (slash == std::string_view::npos) return Prefix(*address, most);
  const std::optional<int> length = parse_decimal<int>(text.substr(slash + 1), most);
  if (!length) return std::nullopt;
  return Prefix(*address, *length);
}

bool Prefix::contains(const IpAddress& address) const {
  if (address.is_v4() != address_.is_v4()) return false;
  const std::size_t whole = static_cast<std::size_t>(length_) / 8;
  if (std::memcmp(address.data(), address_.data(), whole) != 0) return false;
  const int rest = length_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00 >> rest);
  return (address.data()[whole] & mask) == (address_.data()[whole] & mask);
}

std::string Prefix::to_string() const { return address_.to_string() + "/" + std::to_string(length_); }

}  // namespace sallyport
