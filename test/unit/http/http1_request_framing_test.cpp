#include "sallyport/http/http1_parser.hpp"

#include "check.hpp"
#include "http1_requests.hpp"

using namespace sallyport;
using namespace sallyport::test;
using namespace sallyport::http::http1;
using namespace std::string_literals;

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
  CHECK_EQUAL(run(parser, with_fields("Content-Length: 9223372036854775807\r\n")).status, 0U);
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

UNIT_MAIN(UNIT_TEST(refuses_length_beside_transfer_encoding), UNIT_TEST(refuses_any_transfer_encoding_but_chunked),
          UNIT_TEST(refuses_lengths_that_are_not_one_plain_number), UNIT_TEST(refuses_bad_chunks))
