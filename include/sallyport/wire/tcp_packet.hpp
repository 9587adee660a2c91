// TcpPacket: who sends to whom in a TCP packet as it is on the wire, with its IPv4 or IPv6 header.
//
// A plain value; any thread.
#pragma once

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::wire {

struct TcpPacket {
  Endpoint source;
  Endpoint destination;
};

// Reads a packet from its IP header on (RFC 791, RFC 8200, RFC 9293 §3.1), IP options and extension headers passed
// over. Checksums are not looked at. Errors: malformed (lengths that do not add up), unsupported (a fragment, another
// protocol).
[[nodiscard]] Result<TcpPacket> parse_tcp_packet(ByteView packet);

}  // namespace sallyport::wire
