#include "sallyport/tls/ja4.hpp"

#include <algorithm>

#include "check.hpp"

using namespace sallyport;
using sallyport::tls::Ja4;
using sallyport::tls::ja4;
using sallyport::tls::Ja4Transport;
using sallyport::wire::ClientHello;

namespace {

// The example of the description itself: a Chrome with GREASE in every list.
ClientHello described_example() {
  ClientHello hello;
  hello.legacy_version = 0x0303;
  hello.supported_versions = {0x9a9a, 0x0304, 0x0303};
  hello.cipher_suites = {0x4a4a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
                         0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
  hello.extensions = {0x1a1a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d,
                      0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0xdada};
  hello.signature_algorithms = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};
  hello.alpn = {"h2", "http/1.1"};
  return hello;
}

std::string alpn_part(const std::string& protocol) {
  ClientHello hello = described_example();
  hello.alpn = {protocol};
  return ja4(hello, Ja4Transport::tcp).substr(8, 2);
}

TEST(the_published_example) {
  CHECK_EQUAL(ja4(described_example(), Ja4Transport::tcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
  CHECK_EQUAL(ja4(described_example(), Ja4Transport::quic), "q13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST(the_order_of_suites_and_extensions_does_not_matter) {
  ClientHello hello = described_example();
  std::ranges::reverse(hello.cipher_suites);
  std::ranges::reverse(hello.extensions);
  CHECK_EQUAL(ja4(hello, Ja4Transport::tcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST(without_signature_algorithms_there_is_no_underscore) {
  ClientHello hello = described_example();
  hello.signature_algorithms.clear();
  CHECK_EQUAL(ja4(hello, Ja4Transport::tcp), "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

TEST(empty_lists_are_zeros) {
  ClientHello hello;
  hello.legacy_version = 0x0301;
  CHECK_EQUAL(ja4(hello, Ja4Transport::tcp), "t10i000000_000000000000_000000000000");
  hello.extensions = {0, 16};
  CHECK_EQUAL(ja4(hello, Ja4Transport::tcp), "t10d000200_000000000000_000000000000");
}

TEST(counts_stop_at_99) {
  ClientHello hello = described_example();
  hello.cipher_suites.assign(250, 0x1301);
  CHECK_EQUAL(ja4(hello, Ja4Transport::tcp).substr(4, 2), "99");
}

TEST(versions) {
  ClientHello hello = described_example();
  hello.supported_versions = {0x0302, 0x0303};
  CHECK_EQUAL(ja4(hello, Ja4Transport::tcp).substr(1, 2), "12");
  hello.supported_versions.clear();
  hello.legacy_version = 0x0302;
  CHECK_EQUAL(ja4(hello, Ja4Transport::tcp).substr(1, 2), "11");
  hello.legacy_version = 0x0300;
  CHECK_EQUAL(ja4(hello, Ja4Transport::tcp).substr(1, 2), "s3");
  hello.legacy_version = 0x03ff;
  CHECK_EQUAL(ja4(hello, Ja4Transport::tcp).substr(1, 2), "00");
}

TEST(alpn_by_its_ends) {
  CHECK_EQUAL(alpn_part("http/1.1"), "h1");
  CHECK_EQUAL(alpn_part("x"), "xx");
  CHECK_EQUAL(alpn_part("\xab"), "ab");
  CHECK_EQUAL(alpn_part("\xab\xcd"), "ad");
  CHECK_EQUAL(alpn_part("0\xab"), "3b");
  CHECK_EQUAL(alpn_part("01\xab\xcd"), "3d");
  CHECK_EQUAL(alpn_part("0\xab\xcd\x31"), "01");
}

TEST(is_kept_without_memory_of_its_own) {
  CHECK(Ja4().empty());
  CHECK_EQUAL(Ja4().text(), "");
  const std::string text = ja4(described_example(), Ja4Transport::tcp);
  const Ja4 kept(text);
  CHECK(!kept.empty());
  CHECK_EQUAL(kept.text(), text);
  CHECK_EQUAL(sizeof kept, text.size());
}

}  // namespace

UNIT_MAIN(UNIT_TEST(the_published_example), UNIT_TEST(the_order_of_suites_and_extensions_does_not_matter),
          UNIT_TEST(without_signature_algorithms_there_is_no_underscore), UNIT_TEST(empty_lists_are_zeros),
          UNIT_TEST(counts_stop_at_99), UNIT_TEST(versions), UNIT_TEST(alpn_by_its_ends),
          UNIT_TEST(is_kept_without_memory_of_its_own))
