// LongHeader: what the first packet of a datagram says in the clear, of QUIC version 1 and 2 (RFC 9000 §17.2, RFC 9369
// §3). Connections begin with such packets.
//
// Values that borrow the datagram, which must outlive them; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::quic {

enum class Version : std::uint32_t { v1 = 0x00000001, v2 = 0x6b3343cf };

enum class PacketType { initial, zero_rtt, handshake, retry };

struct LongHeader {
  Version version = Version::v1;
  PacketType type = PacketType::initial;
  ByteView destination_id;
  ByteView source_id;
  ByteView packet;                // all of it, from its first byte to the end that it names; of a Retry, all there is
  std::size_t number_offset = 0;  // in `packet`: where the protected packet number begins; not of a Retry
};

// Whether a packet with this first byte has a long header (RFC 8999 §5.1). Zeros behind the last packet have none.
[[nodiscard]] constexpr bool has_long_header(std::uint8_t first_byte) { return (first_byte & 0x80) != 0; }

// Reads the packet at the front of `datagram`, which begins with a long header. What follows it in the datagram is
// datagram.subspan(header.packet.size()). Errors: unsupported (another version, version negotiation), malformed.
[[nodiscard]] Result<LongHeader> parse_long_header(ByteView datagram);

}  // namespace sallyport::quic
