// IpPacket: an IPv4 or IPv6 packet as it is on the wire, as far as what it carries. Private to wire.
#pragma once

#include <cstdint>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::wire {

struct IpPacket {
  IpAddress source;
  IpAddress destination;
  ByteView payload;  // of the transport protocol, its header included
};

// Reads a packet of `protocol` from its IP header on (RFC 791, RFC 8200), IP options and extension headers passed over.
// Checksums are not looked at. Errors: malformed (lengths that do not add up, IPv4-mapped addresses), unsupported (a
// fragment, another protocol, which `named` calls by its name).
[[nodiscard]] Result<IpPacket> parse_ip_packet(ByteView packet, std::uint8_t protocol, const char* named);

}  // namespace sallyport::wire
