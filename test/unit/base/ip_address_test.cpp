#include "sallyport/base/ip_address.hpp"

#include "check.hpp"

using namespace sallyport;

TEST(parses_and_prints_both_families) {
  CHECK_EQUAL(IpAddress::parse("192.0.2.1")->to_string(), "192.0.2.1");
  CHECK_EQUAL(IpAddress::parse("2001:DB8::1")->to_string(), "2001:db8::1");
  CHECK_EQUAL(IpAddress::parse("[2001:db8::1]")->to_string(), "2001:db8::1");
}

TEST(maps_ipv4_in_ipv6_to_ipv4) {
  const IpAddress address = *IpAddress::parse("::ffff:127.0.0.1");
  CHECK(address.is_v4());
  CHECK(address.is_loopback());
}

TEST(refuses_other_spellings) {
  for (const char* text :
       {"", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "[1.2.3.4]", "fe80::1%eth0", "1.2.3.4 "}) {
    CHECK(!IpAddress::parse(text));
  }
}

TEST(classifies) {
  CHECK(IpAddress::parse("169.254.169.254")->is_link_local());
  CHECK(IpAddress::parse("fe80::1")->is_link_local());
  CHECK(IpAddress::parse("172.31.0.1")->is_private());
  CHECK(!IpAddress::parse("172.32.0.1")->is_private());
  CHECK(IpAddress::parse("100.64.0.1")->is_private());
  CHECK(IpAddress::parse("fd00::1")->is_private());
  CHECK(IpAddress::parse("::1")->is_loopback());
  CHECK(IpAddress::parse("::")->is_unspecified());
  CHECK(IpAddress::parse("255.255.255.255")->is_reserved());
  CHECK(IpAddress::parse("ff02::1")->is_multicast());
}

TEST(endpoints_round_trip) {
  for (const char* text : {"192.0.2.1:443", "[2001:db8::1]:8443", "[::]:0"}) {
    const auto endpoint = Endpoint::parse(text);
    CHECK(endpoint.has_value());
    CHECK_EQUAL(endpoint->to_string(), text);
    sockaddr_storage storage{};
    CHECK(endpoint->to_sockaddr(storage) > 0);
    CHECK(Endpoint::from_sockaddr(storage) == *endpoint);
  }
  for (const char* text : {"192.0.2.1", "2001:db8::1:443", "192.0.2.1:65536", "192.0.2.1:", "192.0.2.1:0443", ":443"}) {
    CHECK(!Endpoint::parse(text));
  }
}

TEST(prefixes_contain) {
  CHECK(Prefix::parse("10.0.0.0/8")->contains(*IpAddress::parse("10.255.0.1")));
  CHECK(!Prefix::parse("10.0.0.0/8")->contains(*IpAddress::parse("11.0.0.1")));
  CHECK(Prefix::parse("172.16.0.0/12")->contains(*IpAddress::parse("172.31.255.255")));
  CHECK(Prefix::parse("0.0.0.0/0")->contains(*IpAddress::parse("8.8.8.8")));
  CHECK(!Prefix::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
  CHECK(Prefix::parse("10.1.0.50")->contains(*IpAddress::parse("10.1.0.50")));
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "x/8", "10.0.0.0/08"})
    CHECK(!Prefix::parse(text));
}

UNIT_MAIN(UNIT_TEST(parses_and_prints_both_families), UNIT_TEST(maps_ipv4_in_ipv6_to_ipv4),
          UNIT_TEST(refuses_other_spellings), UNIT_TEST(classifies), UNIT_TEST(endpoints_round_trip),
          UNIT_TEST(prefixes_contain))
