#include "sallyport/wire/udp_packet.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "sallyport/base/cursor.hpp"

namespace sallyport::wire {
namespace {

// IANA's "Assigned Internet Protocol Numbers".
enum Protocol : std::uint8_t { hop_by_hop = 0, udp = 17, routing = 43, fragment = 44, destination_options = 60 };

constexpr int most_extension_headers = 8;

std::unexpected<Error> malformed(const char* what) { return fail(ErrorKind::malformed, what); }

template <std::size_t Size>
std::array<std::uint8_t, Size> bytes_from(Cursor& cursor) {
  std::array<std::uint8_t, Size> bytes{};
  std::ranges::copy(cursor.take(Size), bytes.begin());  // nothing, where the packet is too short
  return bytes;
}

Result<UdpPacket> read_udp(Cursor cursor, UdpPacket packet) {
  packet.source.port = cursor.u16();
  packet.destination.port = cursor.u16();
  const std::size_t length = cursor.u16();
  cursor.u16();  // the checksum
  constexpr std::size_t header_size = 8;
  if (!cursor.ok() || length < header_size) return malformed("truncated UDP header");
  packet.payload = cursor.take(length - header_size);
  if (!cursor.ok()) return malformed("truncated UDP packet");
  return packet;
}

Result<UdpPacket> read_v4(ByteView bytes) {
  Cursor cursor(bytes);
  const std::size_t header_size = (cursor.u8() & 0x0fU) * std::size_t{4};
  cursor.u8();  // the type of service
  const std::size_t total = cursor.u16();
  cursor.u16();  // identification
  const std::uint16_t fragment_field = cursor.u16();
  cursor.u8();  // time to live
  const std::uint8_t protocol = cursor.u8();
  cursor.u16();  // the checksum
  UdpPacket packet;
  packet.source.address = IpAddress::v4(bytes_from<4>(cursor));
  packet.destination.address = IpAddress::v4(bytes_from<4>(cursor));
  if (!cursor.ok() || header_size < 20 || total < header_size || total > bytes.size()) {
    return malformed("truncated IPv4 packet");
  }
  if ((fragment_field & 0x3fffU) != 0) return fail(ErrorKind::unsupported, "a fragment of an IPv4 packet");
  if (protocol != udp) return fail(ErrorKind::unsupported, "not UDP");
  return read_udp(Cursor(bytes.subspan(header_size, total - header_size)), packet);
}

// Up to the UDP header.
Result<void> skip_extension_headers(Cursor& cursor, std::uint8_t next) {
  for (int count = 0; next != udp; ++count) {
    if (count == most_extension_headers) return malformed("too many IPv6 extension headers");
    const std::uint8_t after = cursor.u8();
    const std::uint8_t length = cursor.u8();
    switch (next) {
      case hop_by_hop:
      case routing:
      case destination_options:
        cursor.take(6 + std::size_t{8} * length);
        break;
      case fragment:
        // One that is the whole packet is none (RFC 6946).
        if ((cursor.u16() & 0xfff9U) != 0) return fail(ErrorKind::unsupported, "a fragment of an IPv6 packet");
        cursor.take(4);
        break;
      default:
        return fail(ErrorKind::unsupported, "not UDP");
    }
    if (!cursor.ok()) return malformed("truncated IPv6 extension header");
    next = after;
  }
  return {};
}

Result<UdpPacket> read_v6(ByteView bytes) {
  Cursor cursor(bytes);
  cursor.u32();  // version, traffic class, flow label
  const std::size_t length = cursor.u16();
  const std::uint8_t next = cursor.u8();
  cursor.u8();  // hop limit
  UdpPacket packet;
  packet.source.address = IpAddress::v6(bytes_from<16>(cursor));
  packet.destination.address = IpAddress::v6(bytes_from<16>(cursor));
  Cursor payload(cursor.take(length));
  if (!cursor.ok()) return malformed("truncated IPv6 packet");
  if (Result<void> skipped = skip_extension_headers(payload, next); !skipped) return std::unexpected(skipped.error());
  return read_udp(payload, packet);
}

}  // namespace

Result<UdpPacket> parse_udp_packet(ByteView packet) {
  if (packet.empty()) return malformed("an empty packet");
  switch (packet[0] >> 4) {
    case 4:
      return read_v4(packet);
    case 6:
      return read_v6(packet);
    default:
      return fail(ErrorKind::unsupported, "not IP");
  }
}

}  // namespace sallyport::wire
