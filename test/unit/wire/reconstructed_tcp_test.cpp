#include "sallyport/wire/reconstructed_tcp.hpp"

#include <string>
#include <vector>

#include "sallyport/base/bytes.hpp"

#include "check.hpp"

using namespace sallyport;
using wire::ReconstructedTcp;

namespace {

const wire::pcapng::Time noon{std::chrono::seconds(1'700'000'000)};

std::size_t number(std::string_view bytes, std::size_t at, std::size_t size, bool big) {
  std::size_t read = 0;
  for (std::size_t byte = 0; byte < size; ++byte) {
    read = read << 8 | static_cast<std::uint8_t>(bytes[big ? at + byte : at + size - 1 - byte]);
  }
  return read;
}

// The packets of Enhanced Packet Blocks, whose lengths at both ends must agree.
std::vector<std::string> packets_in(const std::string& blocks) {
  std::vector<std::string> packets;
  for (std::size_t at = 0; at < blocks.size();) {
    const std::size_t length = number(blocks, at + 4, 4, false);
    CHECK_EQUAL(length % 4, 0U);
    CHECK(at + length <= blocks.size());
    CHECK_EQUAL(number(blocks, at + length - 4, 4, false), length);
    if (number(blocks, at, 4, false) == 6) packets.push_back(blocks.substr(at + 28, number(blocks, at + 20, 4, false)));
    at += length;
  }
  return packets;
}

// RFC 1071: over what a right checksum is in, it is all ones.
std::size_t sum_of(std::string bytes) {
  if (bytes.size() % 2 == 1) bytes += '\0';
  std::size_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 2) sum += number(bytes, at, 2, true);
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return sum;
}

std::string pseudo_header(const std::string& packet, std::size_t header) {
  const bool v4 = header == 20;
  std::string text = v4 ? packet.substr(12, 8) : packet.substr(8, 32);
  const std::size_t length = packet.size() - header;
  text += v4 ? std::string("\x00\x06", 2) : std::string("\x00\x00\x00\x06", 4);
  text += static_cast<char>(length >> 8);
  text += static_cast<char>(length & 0xFF);
  return text;
}

void check_conversation(const char* opener, const char* listener, std::size_t header) {
  ReconstructedTcp tcp(1, *Endpoint::parse(opener), *Endpoint::parse(listener));
  const std::string large(20'001, 'x');
  std::string blocks;
  tcp.append_handshake(blocks, noon);
  tcp.append_data(blocks, ReconstructedTcp::From::opener, bytes_of("hello"), noon);
  tcp.append_data(blocks, ReconstructedTcp::From::listener, bytes_of(large), noon);
  tcp.append_end(blocks, ReconstructedTcp::From::opener, noon);
  tcp.append_end(blocks, ReconstructedTcp::From::listener, noon);
  const std::vector<std::string> packets = packets_in(blocks);
  CHECK_EQUAL(packets.size(), 8U);
  std::string said[2];
  std::size_t next[2] = {0, 0};
  for (const std::string& packet : packets) {
    if (header == 20) CHECK_EQUAL(sum_of(packet.substr(0, header)), 0xFFFFU);
    CHECK_EQUAL(sum_of(pseudo_header(packet, header) + packet.substr(header)), 0xFFFFU);
    CHECK_EQUAL(number(packet, header == 20 ? 2 : 4, 2, true), header == 20 ? packet.size() : packet.size() - header);
    const std::size_t side = number(packet, header, 2, true) == 443 ? 1 : 0;
    const std::string data = packet.substr(header + 20);
    const auto flags = static_cast<std::uint8_t>(packet[header + 13]);
    CHECK_EQUAL(number(packet, header + 4, 4, true), next[side]);
    if ((flags & 0x10) != 0) CHECK_EQUAL(number(packet, header + 8, 4, true), next[1 - side]);
    next[side] += data.size() + ((flags & 0x03) != 0 ? 1 : 0);
    said[side] += data;
  }
  CHECK_EQUAL(said[0], "hello");
  CHECK(said[1] == large);
}

TEST(segments_hold_together_over_ipv4) { check_conversation("10.1.0.2:40000", "203.0.113.10:443", 20); }

TEST(segments_hold_together_over_ipv6) { check_conversation("[fd10::2]:40000", "[2001:db8::1]:443", 40); }

TEST(secrets_and_texts_are_padded_to_whole_words) {
  std::string blocks;
  wire::pcapng::append_section(blocks, "program", "a comment");
  wire::pcapng::append_interface(blocks, "side");
  const std::size_t before = blocks.size();
  wire::pcapng::append_secrets(blocks, "CLIENT_RANDOM a b\n");
  wire::pcapng::append_mark(blocks, 0, noon);
  CHECK(packets_in(blocks).empty());
  CHECK_EQUAL(number(blocks, before, 4, false), 10U);
  CHECK_EQUAL(blocks.substr(before + 8, 4), "KSLT");
  CHECK_EQUAL(number(blocks, before + 12, 4, false), 18U);
  CHECK_EQUAL(blocks.substr(before + 16, 18), "CLIENT_RANDOM a b\n");
}

}  // namespace

UNIT_MAIN(UNIT_TEST(segments_hold_together_over_ipv4), UNIT_TEST(segments_hold_together_over_ipv6),
          UNIT_TEST(secrets_and_texts_are_padded_to_whole_words))
