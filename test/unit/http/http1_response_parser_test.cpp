#include <vector>

#include "sallyport/http/http1_parser.hpp"

#include "check.hpp"
#include "http1_run.hpp"

using namespace sallyport;
using namespace sallyport::http::http1;
using namespace std::string_literals;
using test::Outcome;

namespace {

Outcome parsed(std::string_view input, std::string_view method = "GET") {
  ResponseParser parser;
  parser.reset(method);
  const Outcome whole = test::run(parser, input);
  for (const std::size_t piece : {1, 2, 3, 7}) {
    parser.reset(method);
    CHECK_EQUAL(test::run(parser, input, piece), whole);
  }
  return whole;
}

// Whether the connection's end after `input` is a proper end of the response.
bool may_end(std::string_view input, std::string_view method = "GET") {
  ResponseParser parser;
  parser.reset(method);
  CHECK_EQUAL(test::run(parser, input).status, 0U);
  const auto end = parser.at_end_of_input();
  if (!end) CHECK_EQUAL(end.error().status, 502U);
  return end.has_value() && end->event == Event::end;
}

void check_refused(const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    const Outcome outcome = parsed(input);
    if (outcome.status != 502 || outcome.complete) {
      test::fail_check(__FILE__, __LINE__, "expected 502 for\n" + input + "\ngot " + test::shown(outcome));
    }
  }
}

std::string ok(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }

}  // namespace

TEST(reads_responses) {
  const Outcome counted = parsed(ok("Content-Length: 5\r\nX: y\r\n") + "hello");
  CHECK(counted.complete);
  CHECK_EQUAL(counted.head, "200 OK 1.1 kind=1 length=5 keep-alive\nX: y\n");
  CHECK_EQUAL(counted.body, "hello");
  const Outcome chunked = parsed(ok("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");
  CHECK_EQUAL(chunked.head, "200 OK 1.1 kind=2 length=0 keep-alive\n");
  CHECK_EQUAL(chunked.trailers, "X-Sum: 1\n");
  CHECK_EQUAL(parsed("HTTP/1.1 404 Not \xc3\xa4 Found\r\nContent-Length: 0\r\n\r\n").head,
              "404 Not \xc3\xa4 Found 1.1 kind=1 length=0 keep-alive\n");
}

TEST(reads_unregistered_statuses) {
  CHECK_EQUAL(parsed("HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n").head,
              "999 Denied 1.1 kind=1 length=0 keep-alive\n");
}

TEST(reads_an_absent_reason_phrase) {
  CHECK_EQUAL(parsed("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").head, "200  1.1 kind=1 length=0 keep-alive\n");
  CHECK_EQUAL(parsed("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").head, "200  1.1 kind=1 length=0 keep-alive\n");
  CHECK_EQUAL(parsed("HTTP/1.0 200\r\n\r\n").head, "200  1.0 kind=3 length=0 close\n");
}

TEST(reads_until_close) {
  const Outcome outcome = parsed(ok("X: y\r\n") + "hello");
  CHECK(!outcome.complete);
  CHECK_EQUAL(outcome.body, "hello");
  CHECK_EQUAL(outcome.head, "200 OK 1.1 kind=3 length=0 close\nX: y\n");
  CHECK(may_end(ok("") + "hello"));
  CHECK(may_end(ok("")));
}

// C-L01: an origin that breaks off is never taken for one that ended.
TEST(truncation_is_an_error_at_every_byte) {
  for (const std::string& input : {ok("Content-Length: 5\r\n") + "hello",
                                   ok("Transfer-Encoding: chunked\r\n") + "5;e\r\nhello\r\n0\r\nX: y\r\n\r\n"}) {
    for (std::size_t size = 0; size < input.size(); ++size) CHECK(!may_end(std::string_view(input).substr(0, size)));
    CHECK(may_end(input));
  }
  const std::string head = ok("X: y\r\n");
  for (std::size_t size = 0; size < head.size(); ++size) CHECK(!may_end(std::string_view(head).substr(0, size)));
}

TEST(knows_responses_without_a_body) {
  const auto check = [](const std::string& input, std::string_view method) {
    const Outcome outcome = parsed(input + "surplus", method);
    CHECK(outcome.complete);
    CHECK_EQUAL(outcome.body, "");
    CHECK_EQUAL(outcome.consumed, input.size());
    return outcome.head;
  };
  // What a GET would have got is told by these two, and kept.
  CHECK_EQUAL(check(ok("Content-Length: 5\r\nContent-Length: 5\r\n"), "HEAD"),
              "200 OK 1.1 kind=0 length=0 keep-alive\nContent-Length: 5\n");
  CHECK_EQUAL(check("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET"),
              "304 Not Modified 1.1 kind=0 length=0 keep-alive\nContent-Length: 5\n");
  CHECK_EQUAL(check(ok("Transfer-Encoding: chunked\r\n"), "HEAD"), "200 OK 1.1 kind=0 length=0 keep-alive\n");
  CHECK_EQUAL(check("HTTP/1.1 204 No Content\r\n\r\n", "GET"), "204 No Content 1.1 kind=0 length=0 keep-alive\n");
  CHECK_EQUAL(check("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "HEAD"),
              "204 No Content 1.1 kind=0 length=0 keep-alive\n");
  // A body that is announced and cannot be: whatever comes next is not trusted.
  CHECK_EQUAL(check("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "GET"),
              "204 No Content 1.1 kind=0 length=0 close\n");
  CHECK_EQUAL(check("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "GET"),
              "204 No Content 1.1 kind=0 length=0 close\n");
  CHECK_EQUAL(check(ok("Content-Length: 5\r\n"), "CONNECT"), "200 OK 1.1 kind=0 length=0 close\n");
  CHECK_EQUAL(check(ok("Transfer-Encoding: chunked\r\n"), "CONNECT"), "200 OK 1.1 kind=0 length=0 close\n");
  CHECK_EQUAL(parsed("HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\nhello", "CONNECT").body, "hello");
}

TEST(interim_responses_are_messages_of_their_own) {
  const std::string input =
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok("Content-Length: 1\r\n") + "x";
  ResponseParser parser;
  std::string_view rest = input;
  std::vector<unsigned> statuses;
  while (!rest.empty()) {
    const Outcome outcome = test::run(parser, rest);
    CHECK(outcome.complete);
    statuses.push_back(parser.head().status);
    rest.remove_prefix(outcome.consumed);
    parser.reset("GET");
  }
  CHECK(statuses == (std::vector<unsigned>{103, 100, 200}));
}

TEST(leaves_what_follows_a_switch_alone) {
  const std::string head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n";
  ResponseParser parser;
  const Outcome outcome = test::run(parser, head + "\x81\x05hello");
  CHECK(outcome.complete);
  CHECK_EQUAL(outcome.consumed, head.size());
  CHECK_EQUAL(parser.extras().upgrade.at(0), "websocket");
}

TEST(knows_when_the_connection_lives_on) {
  const auto keeps = [](const std::string& input) {
    ResponseParser parser;
    CHECK(test::run(parser, input).complete);
    return parser.extras().keep_alive;
  };
  CHECK(keeps(ok("Content-Length: 0\r\n")));
  CHECK(!keeps(ok("Content-Length: 0\r\nConnection: close\r\n")));
  CHECK(!keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
  CHECK(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(does_not_keep_a_connection_it_does_not_understand) {
  for (const std::string& value : {"timeout=5"s, "keep-alive; x"s, "close;"s, "a b"s}) {
    CHECK_EQUAL(parsed(ok("X: y\r\nConnection: " + value + "\r\nContent-Length: 1\r\n") + "z").head,
                "200 OK 1.1 kind=1 length=1 close\nX: y\nConnection: close\n");
    CHECK_EQUAL(parsed("HTTP/1.1 200\r\nConnection: " + value + "\r\nContent-Length: 0\r\n\r\n").head,
                "200  1.1 kind=1 length=0 close\nConnection: close\n");
  }
  check_refused({ok("Connection: timeout=5\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n"});
}

// F11
TEST(refuses_hostile_responses) {
  check_refused({ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
                 ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n",
                 ok("Content-Length: 5\r\nContent-Length: 6\r\n") + "hello!",
                 ok("Content-Length: 5, 5\r\n") + "hello",
                 ok("Content-Length: +5\r\n") + "hello",
                 ok("Content-Length: -1\r\n"),
                 ok("Content-Length: 18446744073709551621\r\n") + "hello",
                 ok("Content-Length:\r\n"),
                 ok("Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n",
                 ok("Transfer-Encoding: xchunked\r\n"),
                 ok("Transfer-Encoding: identity\r\n"),
                 ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
                 "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 ok("X: a\r\n b\r\n"),
                 ok(" X: a\r\n"),
                 ok("Content-Length : 5\r\n") + "hello",
                 ok(": x\r\n"),
                 ok("X\r\n"),
                 ok("X\xff: y\r\n"),
                 ok("X: a\0b\r\n"s),
                 ok("X: a\rb\r\n"),
                 ok("X: a\n"),
                 "HTTP/1.1 200 OK\n\r\n",
                 "HTTP/1.1 200 O\x01K\r\n\r\n",
                 "HTTP/1.1 20 OK\r\n\r\n",
                 "HTTP/1.1 099 Low\r\n\r\n",
                 "HTTP/1.1 2000 OK\r\n\r\n",
                 "HTTP/1.1 2x0 OK\r\n\r\n",
                 "HTTP/1.1  200 OK\r\n\r\n",
                 "HTTP/1.1\t200 OK\r\n\r\n",
                 "HTTP/2.0 200 OK\r\n\r\n",
                 "HTTP/0.9 200 OK\r\n\r\n",
                 "HTTP/1.2 200 OK\r\n\r\n",
                 "http/1.1 200 OK\r\n\r\n",
                 "ICY 200 OK\r\n\r\n",
                 " 6\r\n\r\n",
                 "H\r\n\r\n",
                 "HTTP/1.1\r\n\r\n",
                 "HTTP/1.1 20\r\n\r\n",
                 "123456789012\r\n\r\n",
                 "HTTP/1.1 200\r\r\n\r\n",
                 "\r\nHTTP/1.1 200 OK\r\n\r\n",
                 "<html>hello</html>\r\n\r\n",
                 ok("Transfer-Encoding: chunked\r\n") + "5\r\nhello!\r\n0\r\n\r\n",
                 ok("Transfer-Encoding: chunked\r\n") + "x\r\n",
                 ok("X: " + std::string(65536, 'y') + "\r\n")});
  std::string options = "a";
  for (int at = 0; at < 64; ++at) options += ",a";
  check_refused({ok("Connection: " + options + "\r\n"), ok("Upgrade: " + options + "\r\n")});
  // Also where no body is expected.
  for (const std::string_view method : {"HEAD", "CONNECT"}) {
    CHECK_EQUAL(parsed(ok("Content-Length: 5\r\nContent-Length: 6\r\n"), method).status, 502U);
  }
}

TEST(leaves_surplus_unconsumed) {
  const std::string response = ok("Content-Length: 5\r\n") + "hello";
  CHECK_EQUAL(parsed(response + "HTTP/1.1 200 OK\r\n\r\n").consumed, response.size());
}

UNIT_MAIN(UNIT_TEST(reads_responses), UNIT_TEST(reads_unregistered_statuses), UNIT_TEST(reads_an_absent_reason_phrase),
          UNIT_TEST(reads_until_close), UNIT_TEST(truncation_is_an_error_at_every_byte),
          UNIT_TEST(knows_responses_without_a_body), UNIT_TEST(interim_responses_are_messages_of_their_own),
          UNIT_TEST(leaves_what_follows_a_switch_alone), UNIT_TEST(knows_when_the_connection_lives_on),
          UNIT_TEST(does_not_keep_a_connection_it_does_not_understand), UNIT_TEST(refuses_hostile_responses),
          UNIT_TEST(leaves_surplus_unconsumed))
