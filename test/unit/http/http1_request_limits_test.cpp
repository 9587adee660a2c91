#include "sallyport/http/http1_parser.hpp"

#include "check.hpp"
#include "http1_requests.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST(bounds_heads) {
  const std::string large(65536, 'a');
  check_refused({{with_line("GET /" + large + " HTTP/1.1"), 414},
                 {with_line(large + " / HTTP/1.1"), 501},
                 {with_line(std::string(65, 'M') + " / HTTP/1.1"), 501},
                 {with_fields("X: " + large + "\r\n"), 431},
                 {with_fields(large + ": x\r\n"), 431}});
  std::string many;
  for (int at = 0; at < 10000; ++at) many += "a:b\r\n";
  CHECK_EQUAL(parsed(with_fields(many)).status, 431U);
  std::string options = "a";
  for (int at = 0; at < 64; ++at) options += ",a";
  check_refused(
      {{with_fields("Connection: " + options + "\r\n"), 400},
       {with_fields("Connection: " + options.substr(64) + "\r\nConnection: " + options.substr(64) + "\r\n"), 400},
       {with_fields("Upgrade: " + options + "\r\n"), 400}});
  CHECK(parsed(with_fields("Connection: " + options.substr(2) + "\r\n")).complete);
  const std::string fits = with_fields("X: " + std::string(100, 'a') + "\r\n");
  CHECK(parsed(fits, {.header_bytes = fits.size(), .fields_count = 2}).complete);
  CHECK_EQUAL(parsed(fits, {.header_bytes = fits.size() - 1, .fields_count = 2}).status, 431U);
  CHECK_EQUAL(parsed(fits, {.header_bytes = fits.size(), .fields_count = 1}).status, 431U);
  // A body behind the head does not count.
  CHECK(parsed(with_fields("Content-Length: 9\r\n") + "123456789", {.header_bytes = 60, .fields_count = 2}).complete);
}

UNIT_MAIN(UNIT_TEST(bounds_heads))
