#include "sallyport/http/http1_parser.hpp"

#include "check.hpp"
#include "http1_requests.hpp"

using namespace sallyport;
using namespace sallyport::test;
using namespace sallyport::http::http1;
using namespace std::string_literals;

// F05
TEST(refuses_bad_field_lines) {
  std::vector<Refusal> refusals;
  for (const std::string& line :
       {"X : y"s,    "X\t: y"s,      ": y"s,         "X"s,           ""s + "X y: z", " X: y"s,
        "\tX: y"s,   "X\0: y"s,      "X\x01: y"s,    "X\x7f: y"s,    "X\x80: y"s,    "X\xff: y"s,
        "\xff: y"s,  "\xfd\xfe: y"s, "\xc3\xa4: y"s, "X\r: y"s,      "X\n: y"s,      "X(: y"s,
        "X\": y"s,   "X/y: z"s,      "X[: y"s,       "X{: y"s,       "X@: y"s,       "X,y: z"s,
        "X;y: z"s,   "X=y: z"s,      "X: a\0b"s,     "X: a\rb"s,     "X: a\nb"s,     "X: a\r"s,
        "X: a\x01"s, "X: a\x7f"s,    "X: a\r\n b"s,  "X: a\r\n\tb"s, "X:\r\n b"s,    "X: a\n b"s}) {
    refusals.push_back({with_fields(line + "\r\n"), 400});
  }
  refusals.push_back({"GET / HTTP/1.1\r\n Host: a.example\r\n\r\n", 400});
  refusals.push_back({"GET / HTTP/1.1\r\n\tHost: a.example\r\n\r\n", 400});
  refusals.push_back({"GET / HTTP/1.1\nHost: a.example\r\n\r\n", 400});
  refusals.push_back({"GET / HTTP/1.1\r\nHost: a.example\n\r\n", 400});
  refusals.push_back({"GET / HTTP/1.1\r\nHost: a.example\r\n\n", 400});
  refusals.push_back({"GET / HTTP/1.1\r\nHost: a.example\n\n", 400});
  refusals.push_back({"GET / HTTP/1.1\r\nHost: a.example\r\r\n\r\n", 400});
  refusals.push_back({"GET / HTTP/1.1\rHost: a.example\r\n\r\n", 400});
  refusals.push_back({"GET / HTTP/1.1\r\nHost: a.example\r\n\rX", 400});
  check_refused(refusals);
  CHECK(parsed(with_fields("X: \xc3\xa4 \x80\xff\r\n!#$%&'*+-.^_`|~09azAZ: y\r\n")).complete);
}

// F06
TEST(refuses_bad_hosts) {
  std::vector<Refusal> refusals;
  refusals.push_back({"GET / HTTP/1.1\r\n\r\n", 400});
  refusals.push_back({"GET http://a.example/ HTTP/1.1\r\n\r\n", 400});
  refusals.push_back({"GET / HTTP/1.1\r\nHost: a.example\r\nHost: a.example\r\n\r\n", 400});
  refusals.push_back({"GET / HTTP/1.0\r\nHost: a.example\r\nhost: b.example\r\n\r\n", 400});
  for (const std::string& host : {""s,
                                  "a.example, b.example"s,
                                  "a.example,"s,
                                  "user@a.example"s,
                                  "user:pw@a.example"s,
                                  "a.example/"s,
                                  "a.example/x"s,
                                  "a.example?x"s,
                                  "a.example#x"s,
                                  "a.example:"s,
                                  "a.example:0"s,
                                  "a.example:65536"s,
                                  "a.example:x"s,
                                  "a.example:080"s,
                                  "a.example:-1"s,
                                  "a.example:+1"s,
                                  "a.example:80:80"s,
                                  ":80"s,
                                  "a b"s,
                                  "a.example b"s,
                                  "http://a.example"s,
                                  "[::1"s,
                                  "::1"s,
                                  "[::1]x"s,
                                  "[a.example]"s,
                                  "[1.2.3.4]"s,
                                  "[]"s,
                                  "127.1"s,
                                  "0x7f.1"s,
                                  "2130706433"s,
                                  "a..example"s,
                                  "a.example\\"s,
                                  "a%2eexample"s,
                                  "*.example"s,
                                  "a\texample"s,
                                  "[fe80::1%eth0]"s}) {
    refusals.push_back({with_host(host), 400});
  }
  check_refused(refusals);
}

TEST(knows_when_the_connection_lives_on) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    RequestParser parser;
    CHECK(run(parser, "GET / HTTP/" + version + "\r\nHost: a.example\r\n" + fields + "\r\n").complete);
    return parser.extras().keep_alive;
  };
  CHECK(keeps("1.1", ""));
  CHECK(!keeps("1.1", "Connection: Close\r\n"));
  CHECK(!keeps("1.1", "Connection: keep-alive\r\nConnection: x, close\r\n"));
  CHECK(!keeps("1.0", ""));
  CHECK(keeps("1.0", "Connection: Keep-Alive\r\n"));
  CHECK(!keeps("1.0", "Connection: keep-alive, close\r\n"));
}

TEST(knows_upgrades_and_expectations) {
  RequestParser parser;
  CHECK(run(parser, with_fields("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: WebSocket, h2c\r\n")).complete);
  CHECK_EQUAL(parser.extras().upgrade.size(), 2U);
  CHECK_EQUAL(parser.extras().upgrade[0], "websocket");
  parser.reset();
  CHECK(run(parser, with_fields("Upgrade: websocket\r\n")).complete);
  CHECK(parser.extras().upgrade.empty());
  parser.reset();
  CHECK(run(parser, "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").complete);
  CHECK(parser.extras().upgrade.empty());
  parser.reset();
  // No body, nothing to wait for.
  CHECK(run(parser, with_fields("Expect: 100-continue\r\nContent-Length: 0\r\n")).complete);
  CHECK(!parser.extras().expects_continue);
}

UNIT_MAIN(UNIT_TEST(refuses_bad_field_lines), UNIT_TEST(refuses_bad_hosts),
          UNIT_TEST(knows_when_the_connection_lives_on), UNIT_TEST(knows_upgrades_and_expectations))
