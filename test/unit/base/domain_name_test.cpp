#include "sallyport/base/domain_name.hpp"

#include "check.hpp"

using namespace sallyport;

TEST(canonical_is_lower_case_without_a_trailing_dot) {
  CHECK_EQUAL(*canonical_domain_name("WWW.Example.COM."), "www.example.com");
  CHECK_EQUAL(*canonical_domain_name("xn--bcher-kva.example"), "xn--bcher-kva.example");
  CHECK_EQUAL(*canonical_domain_name("_dmarc.r3---sn-4g5e.example"), "_dmarc.r3---sn-4g5e.example");
  CHECK_EQUAL(*canonical_domain_name("localhost"), "localhost");
  CHECK_EQUAL(*canonical_domain_name("3com"), "3com");
  CHECK_EQUAL(*canonical_domain_name("1.2.3.4.in-addr.arpa"), "1.2.3.4.in-addr.arpa");
}

TEST(refuses_what_is_no_name) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "."sv, ".."sv, "a..b"sv, ".a"sv, "a.."sv, "a b"sv, "a\0.example"sv, "a.example\0"sv, "*.example.com"sv,
        "exa/mple"sv,
        "b\xc3\xbc"
        "cher.example"sv,
        "a\xff"sv, "example.com:443"sv, "user@example.com"sv, "[::1]"sv, "::1"sv, "2001:db8::1"sv, "\r\n"sv}) {
    CHECK(!canonical_domain_name(text));
  }
}

TEST(refuses_addresses_in_any_spelling) {
  for (const char* text : {"192.0.2.1", "192.0.2.1.", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.0x1", "0X7F.1",
                           "example.123", "a.0x", "0177.0.0.1"}) {
    CHECK(!canonical_domain_name(text));
  }
}

TEST(holds_the_length_limits) {
  const std::string label(63, 'a');
  CHECK(canonical_domain_name(label + ".example").has_value());
  CHECK(!canonical_domain_name(label + "a.example").has_value());
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  CHECK_EQUAL(longest.size(), 253u);
  CHECK_EQUAL(*canonical_domain_name(longest), longest);
  CHECK_EQUAL(*canonical_domain_name(longest + "."), longest);
  CHECK(!canonical_domain_name(longest + "b").has_value());
}

TEST(walks_up_by_labels) {
  CHECK_EQUAL(parent_domain("www.example.com"), "example.com");
  CHECK_EQUAL(parent_domain("com"), "");
  CHECK_EQUAL(parent_domain(""), "");
}

TEST(below_is_by_whole_labels_and_not_equal) {
  CHECK(is_below("a.example.com", "example.com"));
  CHECK(is_below("b.a.example.com", "example.com"));
  CHECK(!is_below("example.com", "example.com"));
  CHECK(!is_below("badexample.com", "example.com"));
  CHECK(!is_below("com", "example.com"));
}

UNIT_MAIN(UNIT_TEST(canonical_is_lower_case_without_a_trailing_dot), UNIT_TEST(refuses_what_is_no_name),
          UNIT_TEST(refuses_addresses_in_any_spelling), UNIT_TEST(holds_the_length_limits),
          UNIT_TEST(walks_up_by_labels), UNIT_TEST(below_is_by_whole_labels_and_not_equal))
