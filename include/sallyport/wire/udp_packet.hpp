// UdpPacket: who sends what to whom in a UDP packet as it is on the wire, with its IPv4 or IPv6 header.
//
// A value that borrows the packet's bytes, which must outlive it; any thread.
#pragma once

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::wire {

struct UdpPacket {
  Endpoint source;
  Endpoint destination;
  ByteView payload;
};

// Reads a packet from its IP header on (RFC 791, RFC 8200, RFC 768), IP options and extension headers passed over.
// Checksums are not looked at. Errors: malformed (lengths that do not add up), unsupported (a fragment, another
// protocol).
[[nodiscard]] Result<UdpPacket> parse_udp_packet(ByteView packet);

}  // namespace sallyport::wire
