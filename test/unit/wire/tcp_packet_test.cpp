#include "sallyport/wire/tcp_packet.hpp"

#include <algorithm>
#include <string>

#include "check.hpp"
#include "client_hello_builder.hpp"

using namespace sallyport;
using namespace sallyport::test;
using namespace sallyport::wire;

namespace {

const Bytes syn = {0x12, 0x34, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xfa, 0xf0, 0, 0, 0, 0};

Bytes v4(const Bytes& payload, std::uint8_t protocol = 6) {
  Bytes packet{0x45, 0};
  append_integer(packet, 20 + payload.size(), 2);
  append(packet, Bytes{0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 1, 0, 2, 203, 0, 113, 10});
  append(packet, payload);
  return packet;
}

// With destination options before the segment.
Bytes v6(const Bytes& payload) {
  Bytes packet{0x60, 0, 0, 0};
  append_integer(packet, 8 + payload.size(), 2);
  append(packet, Bytes{60, 64});
  for (const std::uint8_t last : Bytes{2, 16}) {
    append(packet, Bytes{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
  }
  append(packet, Bytes{6, 0, 1, 4, 0, 0, 0, 0});
  append(packet, payload);
  return packet;
}

std::string read(const Bytes& packet) {
  const Result<TcpPacket> tcp = parse_tcp_packet(packet);
  if (!tcp) return std::string(name_of(tcp.error().kind));
  return tcp->source.to_string() + ">" + tcp->destination.to_string();
}

TEST(both_families_say_who_begins_what) {
  CHECK_EQUAL(read(v4(syn)), "10.1.0.2:4660>203.0.113.10:443");
  CHECK_EQUAL(read(v6(syn)), "[2001:db8::2]:4660>[2001:db8::10]:443");
}

TEST(what_is_no_whole_segment_is_refused) {
  CHECK_EQUAL(read({}), "malformed");
  CHECK_EQUAL(read(v4(syn, 17)), "unsupported");
  CHECK_EQUAL(read(v4({syn.begin(), syn.end() - 1})), "malformed");
  for (const Bytes& whole : {v4(syn), v6(syn)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK_EQUAL(read(part), "malformed");
    }
  }
}

TEST(nobody_is_an_ipv4_client_by_an_ipv6_packet) {
  const Bytes mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 0, 2};
  for (const std::ptrdiff_t place : {8, 24}) {
    Bytes packet = v6(syn);
    std::ranges::copy(mapped, packet.begin() + place);
    CHECK_EQUAL(read(packet), "malformed");
  }
}

}  // namespace

UNIT_MAIN(UNIT_TEST(both_families_say_who_begins_what), UNIT_TEST(what_is_no_whole_segment_is_refused),
          UNIT_TEST(nobody_is_an_ipv4_client_by_an_ipv6_packet))
