#include "sallyport/http/http1_parser.hpp"

#include "check.hpp"
#include "http1_requests.hpp"

using namespace sallyport;
using namespace sallyport::test;
using namespace sallyport::http::http1;
using namespace std::string_literals;

TEST(reads_a_request) {
  const Outcome outcome =
      parsed("GET /a?b=c HTTP/1.1\r\nHost: WWW.Example.COM:8443\r\nX-One:  two words \r\nX-Empty:\r\n\r\nnext");
  CHECK(outcome.complete);
  CHECK_EQUAL(outcome.head,
              "GET  www.example.com:8443 /a?b=c 1.1 kind=0 length=0 keep-alive\nX-One: two words\nX-Empty: \n");
  CHECK_EQUAL(outcome.body, "");
}

TEST(reads_a_body_with_a_length) {
  const Outcome outcome = parsed(with_fields("Content-Length: 5\r\n") + "helloGET /");
  CHECK(outcome.complete);
  CHECK_EQUAL(outcome.body, "hello");
  CHECK_EQUAL(outcome.consumed, with_fields("Content-Length: 5\r\n").size() + 5);
  CHECK_EQUAL(outcome.head, "POST  a.example / 1.1 kind=1 length=5 keep-alive\n");
}

TEST(reads_a_chunked_body_with_trailers) {
  const Outcome outcome = parsed(chunked("5;ext=\"v\"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum:  1 \r\n\r\nnext"));
  CHECK(outcome.complete);
  CHECK_EQUAL(outcome.body, "hello world");
  CHECK_EQUAL(outcome.trailers, "X-Sum: 1\n");
}

TEST(is_incomplete_at_every_byte) {
  for (const std::string& input :
       {"GET / HTTP/1.1\r\nHost: a.example\r\nX: y\r\n\r\n"s, with_fields("Content-Length: 5\r\n") + "hello",
        chunked("5;e\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")}) {
    for (std::size_t size = 0; size < input.size(); ++size) {
      const Outcome outcome = parsed(std::string_view(input).substr(0, size));
      CHECK(!outcome.complete);
      CHECK_EQUAL(outcome.status, 0U);
    }
    CHECK(parsed(input).complete);
  }
}

TEST(is_reused_for_pipelined_requests) {
  RequestParser parser;
  std::string input;
  for (int at = 0; at < 100; ++at) input += "GET /" + std::to_string(at) + " HTTP/1.1\r\nHost: a.example\r\n\r\n";
  std::string_view rest = input;
  for (int at = 0; at < 100; ++at) {
    const Outcome outcome = run(parser, rest);
    CHECK(outcome.complete);
    CHECK_EQUAL(parser.head().path, "/" + std::to_string(at));
    CHECK_EQUAL(parser.head().fields.size(), 0U);
    rest.remove_prefix(outcome.consumed);
    parser.reset();
  }
  CHECK(rest.empty());
}

TEST(nothing_of_one_request_reaches_the_next) {
  RequestParser parser;
  const std::string first =
      "POST http://b.example/x HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
      "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n";
  CHECK(run(parser, first).complete);
  CHECK(parser.extras().expects_continue);
  parser.reset();
  CHECK(!parser.in_message());
  CHECK(run(parser, "GET / HTTP/1.0\r\n\r\n").complete);
  CHECK_EQUAL(parser.head().scheme, "");
  CHECK_EQUAL(parser.head().authority, "");
  CHECK(parser.head().fields.empty());
  CHECK(parser.trailers().empty());
  CHECK(!parser.extras().expects_continue);
  CHECK(parser.extras().upgrade.empty());
  CHECK(!parser.extras().keep_alive);
  CHECK(parser.extras().framing == Framing{});
}

TEST(skips_one_empty_line_in_front) {
  CHECK(parsed("\r\n" + with_host("a.example")).complete);
  CHECK_EQUAL(parsed("\r\n\r\n" + with_host("a.example")).status, 400U);
  CHECK_EQUAL(parsed("\n" + with_host("a.example")).status, 400U);
  RequestParser parser;
  CHECK_EQUAL(run(parser, "\r\n").consumed, 2U);
  CHECK(!parser.in_message());
}

UNIT_MAIN(UNIT_TEST(reads_a_request), UNIT_TEST(reads_a_body_with_a_length),
          UNIT_TEST(reads_a_chunked_body_with_trailers), UNIT_TEST(is_incomplete_at_every_byte),
          UNIT_TEST(is_reused_for_pipelined_requests), UNIT_TEST(nothing_of_one_request_reaches_the_next),
          UNIT_TEST(skips_one_empty_line_in_front))
