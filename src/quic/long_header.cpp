#include "sallyport/quic/long_header.hpp"

#include <array>
#include <cassert>
#include <cstdio>
#include <string>

#include "sallyport/base/cursor.hpp"

#include "variable_integer.hpp"

namespace sallyport::quic {
namespace {

constexpr std::size_t longest_connection_id = 20;  // RFC 9000 §17.2

// Four values of two bits; version 2 moved each by one (RFC 9369 §3.2).
PacketType type_of(std::uint8_t first_byte, Version version) {
  constexpr std::array types = {PacketType::initial, PacketType::zero_rtt, PacketType::handshake, PacketType::retry};
  const unsigned moved = version == Version::v2 ? 3 : 0;
  return types[((first_byte >> 4) + moved) % types.size()];
}

std::unexpected<Error> unknown_version(std::uint32_t version) {
  if (version == 0) return fail(ErrorKind::unsupported, "QUIC version negotiation, which clients do not send");
  std::array<char, 16> text{};
  static_cast<void>(std::snprintf(text.data(), text.size(), "0x%08x", version));
  return fail(ErrorKind::unsupported, "unknown QUIC version " + std::string(text.data()));
}

}  // namespace

Result<LongHeader> parse_long_header(ByteView datagram) {
  assert(!datagram.empty() && has_long_header(datagram[0]));
  Cursor cursor(datagram);
  const std::uint8_t first_byte = cursor.u8();
  const std::uint32_t version = cursor.u32();
  if (!cursor.ok()) return fail(ErrorKind::malformed, "truncated QUIC header");
  if (version != static_cast<std::uint32_t>(Version::v1) && version != static_cast<std::uint32_t>(Version::v2)) {
    return unknown_version(version);
  }
  LongHeader header;
  header.version = static_cast<Version>(version);
  header.type = type_of(first_byte, header.version);
  header.destination_id = cursor.vector8().rest();
  header.source_id = cursor.vector8().rest();
  if (header.destination_id.size() > longest_connection_id || header.source_id.size() > longest_connection_id) {
    return fail(ErrorKind::malformed, "QUIC connection id longer than 20 bytes");
  }
  if (header.type == PacketType::retry) {
    header.packet = datagram;
  } else {
    if (header.type == PacketType::initial) cursor.take(variable_integer(cursor));  // the token
    const std::uint64_t length = variable_integer(cursor);
    header.number_offset = datagram.size() - cursor.remaining();
    cursor.take(length);
    header.packet = datagram.first(datagram.size() - cursor.remaining());
  }
  if (!cursor.ok()) return fail(ErrorKind::malformed, "truncated QUIC packet");
  return header;
}

}  // namespace sallyport::quic
