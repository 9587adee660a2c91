#include "sallyport/wire/first_bytes.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::wire;

namespace {

std::string_view seen(std::string_view text) { return name_of(classify_first_bytes(bytes_of(text))); }

}  // namespace

TEST(protocols_are_named) {
  CHECK_EQUAL(seen(""), "silence");
  CHECK_EQUAL(seen("GET / HTTP/1.1\r\n"), "http");
  CHECK_EQUAL(seen("OPTIONS * HTTP/1.1\r\n"), "http");
  CHECK_EQUAL(seen("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "http");
  CHECK_EQUAL(seen("SSH-2.0-OpenSSH_9.2p1\r\n"), "ssh");
  CHECK_EQUAL(seen("EHLO mail.example\r\n"), "unknown");
  CHECK_EQUAL(seen("GETAWAY"), "unknown");
  CHECK_EQUAL(seen("get / HTTP/1.1"), "unknown");
  CHECK_EQUAL(seen(std::string_view("\0\x01", 2)), "unknown");
  CHECK_EQUAL(seen("\xff\xfe"), "unknown");
}

TEST(a_beginning_is_enough) {
  CHECK_EQUAL(seen("G"), "http");
  CHECK_EQUAL(seen("DELE"), "http");
  CHECK_EQUAL(seen("S"), "ssh");
  CHECK_EQUAL(seen("SSH"), "ssh");
  CHECK_EQUAL(seen("SST"), "unknown");
}

UNIT_MAIN(UNIT_TEST(protocols_are_named), UNIT_TEST(a_beginning_is_enough))
