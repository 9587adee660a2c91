#include "sallyport/wire/tcp_packet.hpp"

#include "sallyport/base/cursor.hpp"

#include "ip_packet.hpp"

namespace sallyport::wire {
namespace {

constexpr std::uint8_t tcp = 6;  // IANA's "Assigned Internet Protocol Numbers"
constexpr std::size_t least_header_size = 20;

}  // namespace

Result<TcpPacket> parse_tcp_packet(ByteView packet) {
  const Result<IpPacket> ip = parse_ip_packet(packet, tcp, "TCP");
  if (!ip) return std::unexpected(ip.error());
  if (ip->payload.size() < least_header_size) return fail(ErrorKind::malformed, "truncated TCP header");
  Cursor cursor(ip->payload);
  TcpPacket read;
  read.source = {ip->source, cursor.u16()};
  read.destination = {ip->destination, cursor.u16()};
  return read;
}

}  // namespace sallyport::wire
