#include "ip_packet.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "sallyport/base/cursor.hpp"

namespace sallyport::wire {
namespace {

// IANA's "Assigned Internet Protocol Numbers".
enum Extension : std::uint8_t { hop_by_hop = 0, routing = 43, fragment = 44, destination_options = 60 };

constexpr int most_extension_headers = 8;

struct Wanted {
  std::uint8_t protocol;
  const char* name;
};

std::unexpected<Error> malformed(const char* what) { return fail(ErrorKind::malformed, what); }

std::unexpected<Error> another_protocol(Wanted wanted) {
  return fail(ErrorKind::unsupported, std::string("not ") + wanted.name);
}

template <std::size_t Size>
std::array<std::uint8_t, Size> bytes_from(Cursor& cursor) {
  std::array<std::uint8_t, Size> bytes{};
  std::ranges::copy(cursor.take(Size), bytes.begin());  // nothing, where the packet is too short
  return bytes;
}

Result<IpPacket> read_v4(ByteView bytes, Wanted wanted) {
  Cursor cursor(bytes);
  const std::size_t header_size = (cursor.u8() & 0x0fU) * std::size_t{4};
  cursor.u8();  // the type of service
  const std::size_t total = cursor.u16();
  cursor.u16();  // identification
  const std::uint16_t fragment_field = cursor.u16();
  cursor.u8();  // time to live
  const std::uint8_t protocol = cursor.u8();
  cursor.u16();  // the checksum
  IpPacket packet;
  packet.source = IpAddress::v4(bytes_from<4>(cursor));
  packet.destination = IpAddress::v4(bytes_from<4>(cursor));
  if (!cursor.ok() || header_size < 20 || total < header_size || total > bytes.size()) {
    return malformed("truncated IPv4 packet");
  }
  if ((fragment_field & 0x3fffU) != 0) return fail(ErrorKind::unsupported, "a fragment of an IPv4 packet");
  if (protocol != wanted.protocol) return another_protocol(wanted);
  packet.payload = bytes.subspan(header_size, total - header_size);
  return packet;
}

// Up to the transport protocol's header.
Result<void> skip_extension_headers(Cursor& cursor, std::uint8_t next, Wanted wanted) {
  for (int count = 0; next != wanted.protocol; ++count) {
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
        return another_protocol(wanted);
    }
    if (!cursor.ok()) return malformed("truncated IPv6 extension header");
    next = after;
  }
  return {};
}

Result<IpPacket> read_v6(ByteView bytes, Wanted wanted) {
  Cursor cursor(bytes);
  cursor.u32();  // version, traffic class, flow label
  const std::size_t length = cursor.u16();
  const std::uint8_t next = cursor.u8();
  cursor.u8();  // hop limit
  IpPacket packet;
  packet.source = IpAddress::v6(bytes_from<16>(cursor));
  packet.destination = IpAddress::v6(bytes_from<16>(cursor));
  Cursor payload(cursor.take(length));
  if (!cursor.ok()) return malformed("truncated IPv6 packet");
  // Nobody sends from one (RFC 4291 erratum 3480); whoever does shall not be taken for the IPv4 address it names.
  if (!packet.source.is_v6() || !packet.destination.is_v6()) return malformed("an IPv4-mapped address on the wire");
  if (Result<void> skipped = skip_extension_headers(payload, next, wanted); !skipped)
    return std::unexpected(skipped.error());
  packet.payload = payload.rest();
  return packet;
}

}  // namespace

Result<IpPacket> parse_ip_packet(ByteView packet, std::uint8_t protocol, const char* named) {
  if (packet.empty()) return malformed("an empty packet");
  switch (packet[0] >> 4) {
    case 4:
      return read_v4(packet, {protocol, named});
    case 6:
      return read_v6(packet, {protocol, named});
    default:
      return fail(ErrorKind::unsupported, "not IP");
  }
}

}  // namespace sallyport::wire
