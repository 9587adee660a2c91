#include "sallyport/http/http1_parser.hpp"

#include "check.hpp"
#include "http1_requests.hpp"

using namespace sallyport;
using namespace sallyport::test;
using namespace std::string_literals;

TEST(target_wins_over_host) {
  const auto head = [](const std::string& line) { return parsed(with_line(line)).head; };
  const std::string end = " 1.1 kind=0 length=0 keep-alive\n";
  CHECK_EQUAL(head("GET http://B.example:81/x?y HTTP/1.1"), "GET http b.example:81 /x?y" + end);
  CHECK_EQUAL(head("GET HTTPS://b.example HTTP/1.1"), "GET https b.example /" + end);
  CHECK_EQUAL(head("GET http://b.example?y HTTP/1.1"), "GET http b.example /?y" + end);
  CHECK_EQUAL(head("OPTIONS http://b.example HTTP/1.1"), "OPTIONS http b.example *" + end);
  CHECK_EQUAL(head("OPTIONS http://b.example/ HTTP/1.1"), "OPTIONS http b.example /" + end);
  CHECK_EQUAL(head("OPTIONS * HTTP/1.1"), "OPTIONS  a.example *" + end);
  CHECK_EQUAL(head("GET //b.example/x HTTP/1.1"), "GET  a.example //b.example/x" + end);
  CHECK_EQUAL(head("GET http://[2001:DB8::1]:81/ HTTP/1.1"), "GET http [2001:db8::1]:81 /" + end);
  CHECK_EQUAL(head("CONNECT b.example:443 HTTP/1.1"), "CONNECT  b.example:443 " + end);
}

TEST(refuses_bad_targets) {
  std::vector<Refusal> refusals;
  for (const std::string& target : {"/a#b"s,
                                    "#"s,
                                    "http://b.example/#x"s,
                                    "a"s,
                                    "a.example"s,
                                    "a.example:80"s,
                                    "*"s,
                                    "ftp://b.example/"s,
                                    "http:/b.example/"s,
                                    "http:b"s,
                                    "http:///x"s,
                                    "http://"s,
                                    "http://user@b.example/"s,
                                    "http://b.example:/"s,
                                    "http://b.example:99999/"s,
                                    "http://b,c/"s,
                                    "?x"s,
                                    "/a b"s,
                                    "/a\tb"s,
                                    "/a\x01"s,
                                    "/a\x7f"s,
                                    "/a\0b"s,
                                    "://b.example/"s,
                                    "http://b.example\\@c.example/"s}) {
    refusals.push_back({with_line("GET " + target + " HTTP/1.1"), 400});
  }
  // H03
  for (const std::string& target :
       {"b.example"s, "b.example:"s, "b.example:0"s, "b.example:65536"s, "[::1:443"s, "::1:443"s, "[::1]"s, "/"s,
        "http://b.example:443/"s, "*"s, "user@b.example:443"s, "b.example:443/"s, ":443"s}) {
    refusals.push_back({with_line("CONNECT " + target + " HTTP/1.1"), 400});
  }
  refusals.push_back({"CONNECT b.example:443 HTTP/1.1\r\nHost: b.example\r\nContent-Length: 5\r\n\r\nhello", 400});
  refusals.push_back(
      {"CONNECT b.example:443 HTTP/1.1\r\nHost: b.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400});
  check_refused(refusals);
}

TEST(leaves_what_follows_a_connect_alone) {
  const std::string request = "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n";
  const Outcome outcome = parsed(request + "\x16\x03\x01");
  CHECK(outcome.complete);
  CHECK_EQUAL(outcome.consumed, request.size());
}

// F07
TEST(refuses_other_versions_and_bad_request_lines) {
  check_refused({{"GET /\r\n", 400},  // HTTP/0.9: refused without waiting for more
                 {"GET / \r\n", 400},
                 {"GET\r\n", 400},
                 {with_line("GET / HTTP/0.9"), 505},
                 {with_line("GET / HTTP/1.2"), 505},
                 {with_line("GET / HTTP/2.0"), 505},
                 {with_line("GET / HTTP/9.9"), 505},
                 {with_line("GET / http/1.1"), 400},
                 {with_line("GET / Http/1.1"), 400},
                 {with_line("GET / HTTP/1.10"), 400},
                 {with_line("GET / HTTP/1"), 400},
                 {with_line("GET / HTTP/1.1 "), 400},
                 {with_line("GET / HTTP/1,1"), 400},
                 {with_line("GET / HTTP/x.1"), 400},
                 {with_line("GET / HTTP/ 1.1"), 400},
                 {with_line("GET / XTTP/1.1"), 400},
                 {with_line("GET  / HTTP/1.1"), 400},
                 {with_line("GET /  HTTP/1.1"), 400},
                 {with_line("GET\t/\tHTTP/1.1"), 400},
                 {with_line("GET\t/ HTTP/1.1"), 400},
                 {with_line(" GET / HTTP/1.1"), 400},
                 {with_line("GET HTTP/1.1"), 400},
                 {with_line("G(T / HTTP/1.1"), 400},
                 {with_line("G\xc3\xa4T / HTTP/1.1"), 400},
                 {with_line("GET / HTTP/1.1\r"), 400},
                 {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
                 {"\x16\x03\x01\x02", 400}});
}

UNIT_MAIN(UNIT_TEST(target_wins_over_host), UNIT_TEST(refuses_bad_targets),
          UNIT_TEST(leaves_what_follows_a_connect_alone), UNIT_TEST(refuses_other_versions_and_bad_request_lines))
