#include "sallyport/wire/proxy_protocol.hpp"

#include <string>
#include <vector>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::wire;

namespace {

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string binary(std::uint8_t version_and_command, std::uint8_t family, const std::string& variable) {
  std::string bytes = signature;
  bytes += static_cast<char>(version_and_command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(variable.size() >> 8);
  bytes += static_cast<char>(variable.size() & 0xff);
  return bytes + variable;
}

const std::string v4_addresses("\xc0\x00\x02\x07\xc6\x33\x64\x02\x30\x39\x01\xbb", 12);
const std::string v6_addresses = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x07" +
                                 std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x02" +
                                 std::string("\x30\x39\x01\xbb", 4);

// The whole gives what every cut gave before its last byte was there: nothing yet.
ProxyHeader header_in(const std::string& header, const std::string& behind = "\x16\x03\x01") {
  for (std::size_t cut = 0; cut < header.size(); ++cut) {
    const auto early = parse_proxy_header(bytes_of(header).first(cut));
    CHECK_OK(early);
    CHECK(!early->has_value());
  }
  const std::string whole = header + behind;
  const auto parsed = parse_proxy_header(bytes_of(whole));
  CHECK_OK(parsed);
  CHECK(parsed->has_value());
  CHECK_EQUAL((*parsed)->size, header.size());
  return **parsed;
}

void check_refused(const std::string& bytes, ErrorKind kind) {
  const auto parsed = parse_proxy_header(bytes_of(bytes));
  CHECK(!parsed.has_value());
  CHECK_EQUAL(name_of(parsed.error().kind), name_of(kind));
}

void check_addresses(const ProxyHeader& header, const std::string& source, const std::string& destination) {
  CHECK(header.addresses.has_value());
  CHECK_EQUAL(header.addresses->source.to_string(), source);
  CHECK_EQUAL(header.addresses->destination.to_string(), destination);
}

}  // namespace

TEST(reads_version_1) {
  const ProxyHeader v4 = header_in("PROXY TCP4 192.0.2.7 198.51.100.2 12345 443\r\n");
  CHECK_EQUAL(v4.version, 1);
  check_addresses(v4, "192.0.2.7:12345", "198.51.100.2:443");
  check_addresses(header_in("PROXY TCP6 2001:db8::7 2001:db8::2 0 65535\r\n"), "[2001:db8::7]:0",
                  "[2001:db8::2]:65535");
}

TEST(reads_version_2) {
  const ProxyHeader v4 = header_in(binary(0x21, 0x11, v4_addresses));
  CHECK_EQUAL(v4.version, 2);
  check_addresses(v4, "192.0.2.7:12345", "198.51.100.2:443");
  check_addresses(header_in(binary(0x21, 0x21, v6_addresses)), "[2001:db8::7]:12345", "[2001:db8::2]:443");
}

TEST(a_mapped_address_is_the_one_it_maps) {
  check_addresses(header_in("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.2 1 2\r\n"), "192.0.2.7:1",
                  "198.51.100.2:2");
}

TEST(senders_that_speak_for_themselves_have_no_addresses) {
  for (const std::string& header :
       {std::string("PROXY UNKNOWN\r\n"), std::string("PROXY UNKNOWN ffff:: ffff:: 65535 65535\r\n"),
        binary(0x20, 0x00, ""), binary(0x20, 0x31, std::string(216, 'x')), binary(0x21, 0x00, "anything")}) {
    CHECK(!header_in(header).addresses.has_value());
  }
}

TEST(skips_tlvs) {
  const std::string tlvs = std::string("\x02\x00\x04host\x04\x00\x00", 10);
  check_addresses(header_in(binary(0x21, 0x11, v4_addresses + tlvs)), "192.0.2.7:12345", "198.51.100.2:443");
  check_refused(binary(0x21, 0x11, v4_addresses + std::string("\x02\x00\x05host", 7)), ErrorKind::malformed);
  check_refused(binary(0x21, 0x11, v4_addresses + std::string("\x02", 1)), ErrorKind::malformed);
}

TEST(refuses_what_begins_otherwise) {
  for (const std::string& bytes :
       {std::string("CONNECT a:443 HTTP/1.1\r\n"), std::string("\x16\x03\x01\x02"), std::string("PROXZ"),
        std::string("proxy TCP4 "), std::string("\r\n\r\n\0\r\nQUIZ", 11)}) {
    check_refused(bytes, ErrorKind::malformed);
  }
}

TEST(refuses_broken_lines) {
  for (const char* line :
       {"PROXY \r\n", "PROXY TCP5 192.0.2.7 198.51.100.2 1 2\r\n", "PROXY TCP4 192.0.2.7 198.51.100.2 1\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.2 1 2 3\r\n", "PROXY TCP4  192.0.2.7 198.51.100.2 1 2\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.2 1 65536\r\n", "PROXY TCP4 192.0.2.7 198.51.100.2 01 2\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.2 -1 2\r\n", "PROXY TCP4 192.0.2.7 198.51.100.2 1 2\n\r\n",
        "PROXY TCP4 2001:db8::7 198.51.100.2 1 2\r\n", "PROXY TCP6 192.0.2.7 2001:db8::2 1 2\r\n",
        "PROXY TCP6 [2001:db8::7] 2001:db8::2 1 2\r\n", "PROXY TCP4 192.0.2.07 198.51.100.2 1 2\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.2 1 \r\n", "PROXY UNKNOWNX\r\n", "PROXY TCP4 127.1 198.51.100.2 1 2\r\n"}) {
    check_refused(line, ErrorKind::malformed);
  }
}

TEST(a_line_has_at_most_107_bytes) {
  const std::string unknown = "PROXY UNKNOWN ";
  header_in(unknown + std::string(107 - unknown.size() - 2, 'x') + "\r\n");
  check_refused(unknown + std::string(108 - unknown.size() - 2, 'x') + "\r\n", ErrorKind::malformed);
  check_refused(unknown + std::string(107 - unknown.size(), 'x'), ErrorKind::malformed);
}

TEST(refuses_broken_binary_headers) {
  check_refused(binary(0x11, 0x11, v4_addresses), ErrorKind::unsupported);
  check_refused(binary(0x22, 0x11, v4_addresses), ErrorKind::unsupported);
  for (const int family : {0x12, 0x22, 0x31, 0x32, 0x41, 0x10, 0x13}) {
    check_refused(binary(0x21, static_cast<std::uint8_t>(family), std::string(216, '\0')), ErrorKind::unsupported);
  }
  check_refused(binary(0x21, 0x11, v4_addresses.substr(1)), ErrorKind::malformed);
  check_refused(binary(0x21, 0x21, v4_addresses), ErrorKind::malformed);
}

TEST(is_bounded) {
  const std::size_t most = max_proxy_header_bytes - 16;
  header_in(binary(0x20, 0x00, std::string(most, '\0')));
  // Told by its length alone: nothing of it need be awaited.
  check_refused(binary(0x20, 0x00, std::string(most + 1, '\0')).substr(0, 16), ErrorKind::exhausted);
}

UNIT_MAIN(UNIT_TEST(reads_version_1), UNIT_TEST(reads_version_2), UNIT_TEST(a_mapped_address_is_the_one_it_maps),
          UNIT_TEST(senders_that_speak_for_themselves_have_no_addresses), UNIT_TEST(skips_tlvs),
          UNIT_TEST(refuses_what_begins_otherwise), UNIT_TEST(refuses_broken_lines),
          UNIT_TEST(a_line_has_at_most_107_bytes), UNIT_TEST(refuses_broken_binary_headers), UNIT_TEST(is_bounded))
