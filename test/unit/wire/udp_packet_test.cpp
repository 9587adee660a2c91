#include "sallyport/wire/udp_packet.hpp"

#include <string>

#include "check.hpp"
#include "client_hello_builder.hpp"

using namespace sallyport;
using namespace sallyport::test;
using namespace sallyport::wire;

namespace {

const Bytes udp_of_three = {0x12, 0x34, 0x01, 0xbb, 0, 11, 0, 0, 'a', 'b', 'c'};

Bytes v4(const Bytes& payload, std::size_t option_words = 0, std::uint16_t fragment = 0, std::uint8_t protocol = 17) {
  Bytes packet{static_cast<std::uint8_t>(0x45 + option_words), 0};
  append_integer(packet, 20 + 4 * option_words + payload.size(), 2);
  append_integer(packet, 0, 2);
  append_integer(packet, fragment, 2);
  append(packet, Bytes{64, protocol, 0, 0, 10, 1, 0, 2, 203, 0, 113, 10});
  packet.resize(packet.size() + 4 * option_words, 1);
  append(packet, payload);
  return packet;
}

// `headers`: extension headers, each beginning with the type of what follows it.
Bytes v6(std::uint8_t first, const Bytes& headers, const Bytes& payload) {
  Bytes packet{0x60, 0, 0, 0};
  append_integer(packet, headers.size() + payload.size(), 2);
  append(packet, Bytes{first, 64});
  for (const std::uint8_t last : Bytes{2, 16}) {
    append(packet, Bytes{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
  }
  append(packet, headers);
  append(packet, payload);
  return packet;
}

std::string read(const Bytes& packet) {
  const Result<UdpPacket> udp = parse_udp_packet(packet);
  if (!udp) return std::string(name_of(udp.error().kind));
  return udp->source.to_string() + ">" + udp->destination.to_string() + " " + std::string(text_of(udp->payload));
}

const std::string four = "10.1.0.2:4660>203.0.113.10:443 abc";
const std::string six = "[2001:db8::2]:4660>[2001:db8::10]:443 abc";

TEST(packets_of_both_families_are_read) {
  CHECK_EQUAL(read(v4(udp_of_three)), four);
  CHECK_EQUAL(read(v4(udp_of_three, 3)), four);
  CHECK_EQUAL(read(v6(17, {}, udp_of_three)), six);
  // Hop-by-hop options of 8 and 16 bytes, destination options, and a fragment header of a packet that is whole.
  CHECK_EQUAL(read(v6(0, {17, 0, 1, 4, 0, 0, 0, 0}, udp_of_three)), six);
  CHECK_EQUAL(read(v6(60, {17, 1, 1, 4, 0, 0, 0, 0, 1, 6, 0, 0, 0, 0, 0, 0}, udp_of_three)), six);
  CHECK_EQUAL(read(v6(44, {17, 0, 0, 0, 1, 2, 3, 4}, udp_of_three)), six);
}

TEST(link_padding_belongs_to_nobody) {
  Bytes padded = v4(udp_of_three);
  padded.resize(padded.size() + 7, 0xee);
  CHECK_EQUAL(read(padded), four);
}

TEST(what_is_no_whole_udp_packet_is_refused) {
  CHECK_EQUAL(read({}), "malformed");
  CHECK_EQUAL(read({0x75}), "unsupported");
  CHECK_EQUAL(read(v4(udp_of_three, 0, 0x2000)), "unsupported");
  CHECK_EQUAL(read(v4(udp_of_three, 0, 0x0001)), "unsupported");
  CHECK_EQUAL(read(v4(udp_of_three, 0, 0x4000)), four);  // "do not fragment" is none
  CHECK_EQUAL(read(v4(udp_of_three, 0, 0, 6)), "unsupported");
  CHECK_EQUAL(read(v6(44, {17, 0, 0, 9, 1, 2, 3, 4}, udp_of_three)), "unsupported");
  CHECK_EQUAL(read(v6(6, {}, udp_of_three)), "unsupported");
  CHECK_EQUAL(read(v6(0, {0, 200}, udp_of_three)), "malformed");
  Bytes many;
  for (int count = 0; count < 9; ++count) append(many, Bytes{60, 0, 1, 4, 0, 0, 0, 0});
  CHECK_EQUAL(read(v6(60, many, udp_of_three)), "malformed");
  CHECK_EQUAL(read(v4({0x12, 0x34, 0x01, 0xbb, 0, 7, 0, 0})), "malformed");
  CHECK_EQUAL(read(v4({0x12, 0x34, 0x01, 0xbb, 0, 9, 0, 0})), "malformed");
  for (const Bytes& whole : {v4(udp_of_three, 2), v6(0, {17, 0, 1, 4, 0, 0, 0, 0}, udp_of_three)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK_EQUAL(read(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), "malformed");
    }
  }
}

}  // namespace

UNIT_MAIN(UNIT_TEST(packets_of_both_families_are_read), UNIT_TEST(link_padding_belongs_to_nobody),
          UNIT_TEST(what_is_no_whole_udp_packet_is_refused))
