#include "sallyport/wire/proxy_protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "sallyport/base/cursor.hpp"

namespace sallyport::wire {
namespace {

using Outcome = Result<std::optional<ProxyHeader>>;

// §2.1: the longest line there is, its CR LF counted.
constexpr std::size_t longest_line = 107;
constexpr std::string_view line_start = "PROXY ";

// §2.2: chosen so that no other protocol's server takes it for a request.
constexpr std::array<std::uint8_t, 12> signature = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                    0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
constexpr std::size_t fixed_part = 16;  // signature, version and command, family and transport, length

bool agree(ByteView bytes, ByteView expected) {
  const std::size_t common = std::min(bytes.size(), expected.size());
  return std::ranges::equal(bytes.first(common), expected.first(common));
}

std::unexpected<Error> malformed(const char* what) {
  return fail(ErrorKind::malformed, std::string("PROXY header: ") + what);
}

// --- version 1: a line of text ---------------------------------------------------------------------

// The words of the line are separated by exactly one space each.
std::string_view next_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

std::optional<IpAddress> address_of(std::string_view text, bool v6) {
  const bool looks_v6 = text.find(':') != std::string_view::npos;
  if (looks_v6 != v6 || text.starts_with('[')) return std::nullopt;
  return IpAddress::parse(text);
}

// Decimal without leading zeros.
std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return port;
}

Outcome parse_line(ByteView bytes) {
  const std::string_view text = text_of(bytes.first(std::min(bytes.size(), longest_line)));
  const std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= longest_line) return malformed("the line is longer than 107 bytes");
    return std::nullopt;
  }
  ProxyHeader header{.version = 1, .addresses = std::nullopt, .size = end + 2};
  std::string_view rest = text.substr(line_start.size(), end - line_start.size());
  const std::string_view family = next_word(rest);
  if (family == "UNKNOWN") return header;
  if (family != "TCP4" && family != "TCP6") return malformed("the family is none of TCP4, TCP6 and UNKNOWN");
  const bool v6 = family == "TCP6";
  if (std::ranges::count(rest, ' ') != 3) return malformed("there are not two addresses and two ports");
  const std::optional<IpAddress> source = address_of(next_word(rest), v6);
  const std::optional<IpAddress> destination = address_of(next_word(rest), v6);
  if (!source || !destination) return malformed("an address is not one of its family");
  const std::optional<std::uint16_t> source_port = port_of(next_word(rest));
  const std::optional<std::uint16_t> destination_port = port_of(rest);
  if (!source_port || !destination_port) return malformed("a port is no decimal number from 0 to 65535");
  header.addresses = {{*source, *source_port}, {*destination, *destination_port}};
  return header;
}

// --- version 2: binary -----------------------------------------------------------------------------

IpAddress read_address(Cursor& cursor, bool v6) {
  if (v6) {
    std::array<std::uint8_t, 16> bytes{};
    std::ranges::copy(cursor.take(bytes.size()), bytes.begin());
    return IpAddress::v6(bytes);
  }
  std::array<std::uint8_t, 4> bytes{};
  std::ranges::copy(cursor.take(bytes.size()), bytes.begin());
  return IpAddress::v4(bytes);
}

bool are_tlvs(Cursor cursor) {
  while (cursor.ok() && !cursor.empty()) {
    cursor.u8();
    cursor.vector16();
  }
  return cursor.ok();
}

// §2.2, from the family on: the addresses, and the TLVs behind them.
Outcome parse_proxied(ProxyHeader header, std::uint8_t family_and_transport, ByteView variable) {
  constexpr std::uint8_t unspecified = 0x00;
  constexpr std::uint8_t tcp_over_v4 = 0x11;
  constexpr std::uint8_t tcp_over_v6 = 0x21;
  if (family_and_transport == unspecified) return header;
  const bool v6 = family_and_transport == tcp_over_v6;
  if (!v6 && family_and_transport != tcp_over_v4) {
    return fail(ErrorKind::unsupported, "PROXY header: neither TCP over IPv4 nor over IPv6");
  }
  Cursor cursor(variable);
  const IpAddress source = read_address(cursor, v6);
  const IpAddress destination = read_address(cursor, v6);
  const std::uint16_t source_port = cursor.u16();
  const std::uint16_t destination_port = cursor.u16();
  if (!cursor.ok()) return malformed("too short for its addresses");
  if (!are_tlvs(cursor)) return malformed("a TLV does not fit");
  header.addresses = {{source, source_port}, {destination, destination_port}};
  return header;
}

Outcome parse_binary(ByteView bytes) {
  if (bytes.size() < fixed_part) return std::nullopt;
  Cursor cursor(bytes.subspan(signature.size()));
  const std::uint8_t version_and_command = cursor.u8();
  const std::uint8_t family_and_transport = cursor.u8();
  const std::size_t size = fixed_part + cursor.u16();
  if (version_and_command >> 4 != 2) return fail(ErrorKind::unsupported, "PROXY header: not version 2");
  const unsigned command = version_and_command & 0x0f;
  if (command > 1) return fail(ErrorKind::unsupported, "PROXY header: neither LOCAL nor PROXY");
  if (size > max_proxy_header_bytes) return fail(ErrorKind::exhausted, "PROXY header: longer than 4096 bytes");
  if (bytes.size() < size) return std::nullopt;
  const ProxyHeader header{.version = 2, .addresses = std::nullopt, .size = size};
  // LOCAL: whatever the family says is to be ignored.
  if (command == 0) return header;
  return parse_proxied(header, family_and_transport, bytes.subspan(fixed_part, size - fixed_part));
}

}  // namespace

Outcome parse_proxy_header(ByteView bytes) {
  if (agree(bytes, bytes_of(line_start))) return bytes.size() < line_start.size() ? Outcome() : parse_line(bytes);
  if (agree(bytes, signature)) return parse_binary(bytes);
  return malformed("the connection does not begin with one");
}

}  // namespace sallyport::wire
