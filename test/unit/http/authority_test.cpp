#include "sallyport/http/authority.hpp"

#include "check.hpp"

using namespace sallyport;
using http::Authority;

TEST(spells_authorities_canonically) {
  const auto check = [](std::string_view text, std::string_view canonical) {
    const auto authority = Authority::parse(text);
    CHECK_OK(authority);
    CHECK_EQUAL(authority->to_string(), canonical);
    CHECK(*Authority::parse(authority->to_string()) == *authority);
  };
  check("Example.COM", "example.com");
  check("example.com.", "example.com");
  check("example.com.:443", "example.com:443");
  check("a_b.example:1", "a_b.example:1");
  check("localhost:65535", "localhost:65535");
  check("192.0.2.1:80", "192.0.2.1:80");
  check("[2001:DB8:0::1]", "[2001:db8::1]");
  check("[2001:db8::1]:8443", "[2001:db8::1]:8443");
  check("[::ffff:192.0.2.1]:80", "192.0.2.1:80");
}

TEST(tells_names_from_addresses) {
  CHECK(!Authority::parse("a.example")->address);
  CHECK(!Authority::parse("a.example")->port);
  CHECK_EQUAL(*Authority::parse("a.example:443")->port, 443);
  CHECK_EQUAL(Authority::parse("[2001:db8::1]:1")->host, "2001:db8::1");
  CHECK(Authority::parse("[2001:db8::1]:1")->address == IpAddress::parse("2001:db8::1"));
}

TEST(refuses_what_is_not_an_authority) {
  for (const std::string_view text : {"",
                                      ":",
                                      ":443",
                                      "a.example:",
                                      "a.example:0",
                                      "a.example:00443",
                                      "a.example:65536",
                                      "a.example:99999999999",
                                      "a.example:4x",
                                      "a.example:+1",
                                      "a.example:-1",
                                      "a.example: 1",
                                      "a.example:1 ",
                                      "a.example:1:2",
                                      "user@a.example",
                                      "user:x@a.example:1",
                                      "a.example/",
                                      "a.example?",
                                      "a.example#",
                                      "a,b",
                                      "a.example,",
                                      "a b",
                                      " a",
                                      "a ",
                                      "a\t",
                                      "[",
                                      "]",
                                      "[]",
                                      "[]:1",
                                      "[2001:db8::1",
                                      "2001:db8::1",
                                      "2001:db8::1]:1",
                                      "[2001:db8::1]1",
                                      "[2001:db8::1]:",
                                      "[a.example]",
                                      "[192.0.2.1]",
                                      "[[::1]]",
                                      "[::1%25eth0]",
                                      "127.1",
                                      "0x7f000001",
                                      "0177.0.0.1",
                                      "2130706433",
                                      "192.0.2.256",
                                      "192.0.2.1.",
                                      "a..b",
                                      ".a",
                                      "*.a",
                                      "a%2eb",
                                      "a\\b",
                                      "\xc3\xa4.example"}) {
    const auto authority = Authority::parse(text);
    if (authority) test::fail_check(__FILE__, __LINE__, "accepted: " + std::string(text));
    CHECK(authority.error().kind == ErrorKind::malformed);
  }
}

// H03
TEST(connect_needs_a_port) {
  CHECK_OK(Authority::parse_connect_target("a.example:25"));
  CHECK_OK(Authority::parse_connect_target("[::1]:443"));
  for (const std::string_view text :
       {"a.example", "[::1]", "a.example:", "a.example:0", "a.example:65536", "[::1:443", "::1:443"}) {
    CHECK(!Authority::parse_connect_target(text));
  }
}

UNIT_MAIN(UNIT_TEST(spells_authorities_canonically), UNIT_TEST(tells_names_from_addresses),
          UNIT_TEST(refuses_what_is_not_an_authority), UNIT_TEST(connect_needs_a_port))
