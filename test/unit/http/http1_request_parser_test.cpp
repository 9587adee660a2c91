#include "sallyport/http/http1_parser.hpp"

#include "check.hpp"
#include "http1_run.hpp"

using namespace sallyport;
using namespace sallyport::http::http1;
using namespace std::string_literals;
using test::Outcome;

namespace {

// The outcome of one request, the same for every split of the input.
Outcome parsed(std::string_view input, Limits limits = {}) {
  RequestParser parser(limits);
  const Outcome whole = test::run(parser, input);
  for (const std::size_t piece : {1, 2, 3, 7}) {
    parser.reset();
    CHECK_EQUAL(test::run(parser, input, piece), whole);
  }
  return whole;
}

struct Refusal {
  std::string input;
  unsigned status;
};

void check_refused(const std::vector<Refusal>& refusals) {
  for (const auto& [input, status] : refusals) {
    const Outcome outcome = parsed(input);
    if (outcome.status != status || outcome.complete) {
      test::fail_check(__FILE__, __LINE__,
                       "expected " + std::to_string(status) + " for\n" + input + "\ngot " + test::shown(outcome));
    }
    CHECK(!outcome.reason.empty());
  }
}

std::string with_fields(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
}
std::string with_line(const std::string& line) { return line + "\r\nHost: a.example\r\n\r\n"; }
std::string with_host(const std::string& host) { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"; }
std::string chunked(const std::string& body) { return with_fields("Transfer-Encoding: chunked\r\n") + body; }

}  // namespace

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
    const Outcome outcome = test::run(parser, rest);
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
  CHECK(test::run(parser, first).complete);
  CHECK(parser.extras().expects_continue);
  parser.reset();
  CHECK(!parser.in_message());
  CHECK(test::run(parser, "GET / HTTP/1.0\r\n\r\n").complete);
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
  CHECK_EQUAL(test::run(parser, "\r\n").consumed, 2U);
  CHECK(!parser.in_message());
}

TEST(knows_when_the_connection_lives_on) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    RequestParser parser;
    CHECK(test::run(parser, "GET / HTTP/" + version + "\r\nHost: a.example\r\n" + fields + "\r\n").complete);
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
  CHECK(test::run(parser, with_fields("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: WebSocket, h2c\r\n")).complete);
  CHECK_EQUAL(parser.extras().upgrade.size(), 2U);
  CHECK_EQUAL(parser.extras().upgrade[0], "websocket");
  parser.reset();
  CHECK(test::run(parser, with_fields("Upgrade: websocket\r\n")).complete);
  CHECK(parser.extras().upgrade.empty());
  parser.reset();
  CHECK(test::run(parser, "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").complete);
  CHECK(parser.extras().upgrade.empty());
  parser.reset();
  // No body, nothing to wait for.
  CHECK(test::run(parser, with_fields("Expect: 100-continue\r\nContent-Length: 0\r\n")).complete);
  CHECK(!parser.extras().expects_continue);
}

// F01
TEST(refuses_length_beside_transfer_encoding) {
  check_refused({{with_fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
                 {with_fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n", 400},
                 {with_fields("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
                 {with_fields("Content-Length: 5\r\nTransfer-Encoding: identity\r\n"), 400},
                 {with_fields("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n"), 400},
                 {with_fields("content-length: 5\r\nX: y\r\ntransfer-encoding: chunked\r\n"), 400}});
}

// F02
TEST(refuses_any_transfer_encoding_but_chunked) {
  std::vector<Refusal> refusals;
  for (const std::string& value :
       {",chunked"s, "chunked,"s, "chunked, identity"s, "identity, chunked"s, "gzip, chunked"s, "chunked;q=1"s,
        "chunked ;q=1"s, "chunked chunked"s, "\"chunked\""s, ""s}) {
    refusals.push_back({with_fields("Transfer-Encoding: " + value + "\r\n") + "0\r\n\r\n", 400});
  }
  for (const std::string& value : {"xchunked"s, "identity"s, "gzip"s, "chunkedx"s}) {
    refusals.push_back({with_fields("Transfer-Encoding: " + value + "\r\n") + "0\r\n\r\n", 501});
  }
  for (const char c : {'\v', '\f', '\0', '\x1f', '\x7f', '\b'}) {
    refusals.push_back({with_fields("Transfer-Encoding: chunked"s + c + "\r\n") + "0\r\n\r\n", 400});
    refusals.push_back({with_fields("Transfer-Encoding: "s + c + "chunked\r\n") + "0\r\n\r\n", 400});
    refusals.push_back({with_fields("Transfer-Encoding"s + c + ": chunked\r\n") + "0\r\n\r\n", 400});
  }
  refusals.push_back({with_fields("Transfer-Encoding: \x85"
                                  "chunked\r\n") +
                          "0\r\n\r\n",
                      400});
  refusals.push_back({with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400});
  refusals.push_back({with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400});
  refusals.push_back({with_fields("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), 400});
  refusals.push_back({with_fields("Transfer-Encoding:\r\n chunked\r\n"), 400});
  refusals.push_back({with_fields("Transfer-Encoding\r\n : chunked\r\n"), 400});
  refusals.push_back({"POST / HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400});
  refusals.push_back(
      {"POST / HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400});
  check_refused(refusals);
  CHECK(parsed(with_fields("Transfer-Encoding: \tChunked \r\n") + "0\r\n\r\n").complete);
}

// F03
TEST(refuses_lengths_that_are_not_one_plain_number) {
  std::vector<Refusal> refusals;
  for (const std::string& value : {"+5"s,
                                   "-1"s,
                                   "0x10"s,
                                   "010"s,
                                   "00"s,
                                   "1_0"s,
                                   ""s,
                                   "5 ,6"s,
                                   "5, 5"s,
                                   "5,5"s,
                                   "5,"s,
                                   ",5"s,
                                   "1 0"s,
                                   "1\t0"s,
                                   "5;"s,
                                   "5."s,
                                   "5e1"s,
                                   "\"5\""s,
                                   "9223372036854775808"s,
                                   "18446744073709551615"s,
                                   "18446744073709551616"s,
                                   "18446744073709551621"s,
                                   "340282366920938463463374607431768211461"s,
                                   "\xd9\xa5"s,
                                   "five"s,
                                   "5\x85"s}) {
    refusals.push_back({with_fields("Content-Length: " + value + "\r\n") + "hello", 400});
  }
  refusals.push_back({with_fields("Content-Length: 5\r\nContent-Length: 6\r\n") + "hello!", 400});
  refusals.push_back({with_fields("Content-Length: 6\r\nX: y\r\nContent-Length: 5\r\n") + "hello!", 400});
  refusals.push_back({with_fields("Content-Length: 5\r\nContent-Length: 05\r\n") + "hello", 400});
  refusals.push_back({with_fields("Content-Length: 5\r\nContent-Length:\r\n") + "hello", 400});
  refusals.push_back({with_fields("Content-Length:\r\n 5\r\n") + "hello", 400});
  refusals.push_back({with_fields("Content-Length : 5\r\n") + "hello", 400});
  check_refused(refusals);

  const Outcome collapsed = parsed(with_fields("Content-Length: 5\r\nContent-Length: 5\r\n") + "hello");
  CHECK(collapsed.complete);
  CHECK_EQUAL(collapsed.head, "POST  a.example / 1.1 kind=1 length=5 keep-alive\n");
  RequestParser parser;
  CHECK_EQUAL(test::run(parser, with_fields("Content-Length: 9223372036854775807\r\n")).status, 0U);
  CHECK_EQUAL(parser.extras().framing.length, 9223372036854775807U);
}

// F04, as far as a request is concerned; the decoder's own test has the rest.
TEST(refuses_bad_chunks) {
  check_refused({{chunked("\r\nhello\r\n0\r\n\r\n"), 400},
                 {chunked("5\nhello\r\n0\r\n\r\n"), 400},
                 {chunked("5\r\nhello!0\r\n\r\n"), 400},
                 {chunked("5;\n\r\nhello\r\n0\r\n\r\n"), 400},
                 {chunked("0\r\nX : y\r\n\r\n"), 400}});
}

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

UNIT_MAIN(UNIT_TEST(reads_a_request), UNIT_TEST(reads_a_body_with_a_length),
          UNIT_TEST(reads_a_chunked_body_with_trailers), UNIT_TEST(is_incomplete_at_every_byte),
          UNIT_TEST(is_reused_for_pipelined_requests), UNIT_TEST(nothing_of_one_request_reaches_the_next),
          UNIT_TEST(skips_one_empty_line_in_front), UNIT_TEST(knows_when_the_connection_lives_on),
          UNIT_TEST(knows_upgrades_and_expectations), UNIT_TEST(refuses_length_beside_transfer_encoding),
          UNIT_TEST(refuses_any_transfer_encoding_but_chunked),
          UNIT_TEST(refuses_lengths_that_are_not_one_plain_number), UNIT_TEST(refuses_bad_chunks),
          UNIT_TEST(refuses_bad_field_lines), UNIT_TEST(refuses_bad_hosts), UNIT_TEST(target_wins_over_host),
          UNIT_TEST(refuses_bad_targets), UNIT_TEST(leaves_what_follows_a_connect_alone),
          UNIT_TEST(refuses_other_versions_and_bad_request_lines), UNIT_TEST(bounds_heads))
