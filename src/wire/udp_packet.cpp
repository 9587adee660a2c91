#include "sallyport/wire/udp_packet.hpp"

#include "sallyport/base/cursor.hpp"

#include "ip_packet.hpp"

namespace sallyport::wire {
namespace {

constexpr std::uint8_t udp = 17;  // IANA's "Assigned Internet Protocol Numbers"
constexpr std::size_t header_size = 8;

}  // namespace

Result<UdpPacket> parse_udp_packet(ByteView packet) {
  const Result<IpPacket> ip = parse_ip_packet(packet, udp, "UDP");
  if (!ip) return std::unexpected(ip.error());
  Cursor cursor(ip->payload);
  UdpPacket read;
  read.source = {ip->source, cursor.u16()};
  read.destination = {ip->destination, cursor.u16()};
  const std::size_t length = cursor.u16();
  cursor.u16();  // the checksum
  if (!cursor.ok() || length < header_size) return fail(ErrorKind::malformed, "truncated UDP header");
  read.payload = cursor.take(length - header_size);
  if (!cursor.ok()) return fail(ErrorKind::malformed, "truncated UDP packet");
  return read;
}

}  // namespace sallyport::wire
