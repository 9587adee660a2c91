#include "sallyport/http/http1_body_decoder.hpp"

#include <vector>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::http::http1;
using namespace std::string_literals;

namespace {

struct Decoded {
  bool complete = false;
  bool failed = false;
  std::string body;
  std::size_t consumed = 0;
  std::size_t trailers = 0;

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded run(const Framing& framing, std::string_view input, std::size_t piece) {
  BodyDecoder decoder(Limits{.header_bytes = 4096, .fields_count = 10});
  decoder.start(framing);
  Decoded decoded;
  std::size_t arrived = 0;
  for (;;) {
    const auto step = decoder.step(bytes_of(input.substr(decoded.consumed, arrived - decoded.consumed)));
    if (!step) {
      CHECK(!step.error().empty());
      decoded.failed = true;
      decoded.consumed = 0;
      return decoded;
    }
    decoded.consumed += step->consumed;
    decoded.body += text_of(step->body);
    if (step->event == Event::end) {
      decoded.complete = true;
      decoded.trailers = decoder.trailers().size();
      return decoded;
    }
    if (step->event != Event::need_more) continue;
    if (arrived == input.size()) return decoded;
    arrived += std::min(piece, input.size() - arrived);
  }
}

Decoded decoded(const Framing& framing, std::string_view input) {
  const Decoded whole = run(framing, input, std::string_view::npos);
  for (const std::size_t piece : {1, 2, 5}) CHECK(run(framing, input, piece) == whole);
  return whole;
}

Decoded chunked(std::string_view input) { return decoded({BodyKind::chunked, 0}, input); }

void check_refused(const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    const Decoded result = chunked(input);
    if (!result.failed) test::fail_check(__FILE__, __LINE__, "not refused: " + input.substr(0, 200));
  }
}

}  // namespace

TEST(counts_a_length) {
  CHECK_EQUAL(decoded({BodyKind::length, 5}, "hello!").body, "hello");
  CHECK_EQUAL(decoded({BodyKind::length, 5}, "hello!").consumed, 5U);
  CHECK(!decoded({BodyKind::length, 5}, "hell").complete);
  CHECK(decoded({BodyKind::length, 0}, "").complete);
  CHECK(decoded({BodyKind::none, 0}, "hello").complete);
  CHECK_EQUAL(decoded({BodyKind::none, 0}, "hello").consumed, 0U);
}

TEST(takes_all_until_close) {
  const Decoded result = decoded({BodyKind::until_close, 0}, "hello");
  CHECK_EQUAL(result.body, "hello");
  CHECK(!result.complete);
}

TEST(decodes_chunks) {
  CHECK_EQUAL(chunked("5\r\nhello\r\n0\r\n\r\n").body, "hello");
  CHECK_EQUAL(chunked("05\r\nhello\r\n00000\r\n\r\nrest").consumed, 20U);
  CHECK_EQUAL(chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n").body, "01234567890123456789");
  CHECK_EQUAL(chunked("0000000000000005\r\nhello\r\n0\r\n\r\n").body, "hello");
  CHECK(chunked("0\r\n\r\n").complete);
  // Data is data, whatever it looks like.
  CHECK_EQUAL(chunked("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n").body, "\r\n0\r\n\r\n");
}

TEST(drops_extensions) {
  CHECK_EQUAL(chunked("5;a\r\nhello\r\n0;b=c;d=\"e f\"\r\n\r\n").body, "hello");
  CHECK_EQUAL(chunked("5;chunk-signature=" + std::string(64, '0') + "\r\nhello\r\n0\r\n\r\n").body, "hello");
  CHECK(chunked("5;" + std::string(1024, 'x') + "\r\nhello\r\n0\r\n\r\n").complete);
}

TEST(reads_trailers_and_drops_forbidden_ones) {
  CHECK_EQUAL(chunked("0\r\nX-Sum: 1\r\nX-Two: 2\r\n\r\n").trailers, 2U);
  CHECK_EQUAL(
      chunked("0\r\nContent-Length: 5\r\nX-Sum: 1\r\nHost: b\r\nAuthorization: x\r\nCookie: y\r\n\r\n").trailers, 1U);
  CHECK_EQUAL(chunked("0\r\nTransfer-Encoding: chunked\r\n\r\n").trailers, 0U);
  CHECK_EQUAL(chunked("0\r\nTransfer-Encoding: x\r\nContent-Length: a\r\ncontent-length: 2\r\nConnection: ;,\r\n"
                      "Upgrade: h2c\r\nX-Sum: 1\r\n\r\n")
                  .trailers,
              1U);
  check_refused({"0\r\nX : y\r\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\nX: y\r\n z\r\n\r\n", "0\r\nX: y\n\r\n",
                 "0\r\nX\r\n\r\n", "0\r\nX: a\0b\r\n\r\n"s, "0\r\nGET / HTTP/1.1\r\n\r\n",
                 "0\r\nX: " + std::string(5000, 'y') + "\r\n\r\n"});
  std::string many = "0\r\n";
  for (int at = 0; at < 11; ++at) many += "X: y\r\n";
  check_refused({many + "\r\n"});
}

// F04
TEST(refuses_sizes_that_are_not_plain_hexadecimal) {
  std::vector<std::string> inputs;
  for (const std::string& size : {""s,
                                  "0x5"s,
                                  "0X5"s,
                                  "+5"s,
                                  "-5"s,
                                  "5_0"s,
                                  "_5"s,
                                  " 5"s,
                                  "\t5"s,
                                  "5 "s,
                                  "5\t"s,
                                  "5 ;a"s,
                                  "5g"s,
                                  "g"s,
                                  "5.0"s,
                                  "5,"s,
                                  "\"5\""s,
                                  "5\0"s,
                                  "\0"s + "5",
                                  "5\v"s,
                                  "5\f"s,
                                  "5\x80"s,
                                  "00000000000000005"s,
                                  "10000000000000005"s,
                                  "ffffffffffffffff"s,
                                  "8000000000000000"s,
                                  "fffffffffffffffff"s,
                                  ";a"s,
                                  "h"s,
                                  "\xef\xbc\x95"s}) {
    inputs.push_back(size + "\r\nhello\r\n0\r\n\r\n");
  }
  check_refused(inputs);
}

TEST(refuses_bad_line_ends_and_spill) {
  check_refused({"5\nhello\r\n0\r\n\r\n", "5\rhello\r\n0\r\n\r\n", "5\r\r\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n",
                 "5\r\nhello\r0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n",
                 "5\r\nhello\r\n\r\n0\r\n\r\n", "5\r\nhello\r\n0\n\r\n", "5\r\nhello\r\n0\r\n\n",
                 "5\r\nhello\r\n0\r\n\rX", "5\r\r;\r\nhello\r\n0\r\n\r\n", "0\r\r\n", "\r\n5\r\nhello\r\n0\r\n\r\n",
                 "\n0\r\n\r\n"});
}

TEST(refuses_bad_extensions) {
  check_refused({"5;a\nb\r\nhello\r\n0\r\n\r\n", "5;a\r\r\nhello\r\n0\r\n\r\n", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
                 "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", "5;a\0\r\nhello\r\n0\r\n\r\n"s, "5;\x01\r\nhello\r\n0\r\n\r\n",
                 "5;\x7f\r\nhello\r\n0\r\n\r\n", "5;" + std::string(65536, 'a') + "\r\nhello\r\n0\r\n\r\n",
                 "5;" + std::string(1025, 'a') + "\r\nhello\r\n0\r\n\r\n"});
  std::string mostly_extensions;
  for (int at = 0; at < 100; ++at) mostly_extensions += "1;" + std::string(1000, 'a') + "\r\nx\r\n";
  check_refused({mostly_extensions});
  std::string tiny_chunks;
  for (int at = 0; at < 20000; ++at) tiny_chunks += "1\r\nx\r\n";
  CHECK_EQUAL(run({BodyKind::chunked, 0}, tiny_chunks + "0\r\n\r\n", std::string_view::npos).body.size(), 20000U);
}

TEST(tells_whether_the_connection_may_end) {
  BodyDecoder decoder(Limits{});
  const auto may_end = [&](const Framing& framing, std::string_view input) {
    decoder.start(framing);
    while (!input.empty()) {
      const auto step = decoder.step(bytes_of(input));
      CHECK(step.has_value());
      if (step->consumed == 0) break;
      input.remove_prefix(step->consumed);
    }
    return decoder.may_end_here();
  };
  CHECK(may_end({BodyKind::none, 0}, ""));
  CHECK(may_end({BodyKind::until_close, 0}, "x"));
  CHECK(!may_end({BodyKind::length, 5}, "hell"));
  CHECK(may_end({BodyKind::length, 5}, "hello"));
  const std::string body = "5;e\r\nhello\r\n0\r\nX: y\r\n\r\n";
  for (std::size_t size = 0; size < body.size(); ++size) CHECK(!may_end({BodyKind::chunked, 0}, body.substr(0, size)));
  CHECK(may_end({BodyKind::chunked, 0}, body));
}

UNIT_MAIN(UNIT_TEST(counts_a_length), UNIT_TEST(takes_all_until_close), UNIT_TEST(decodes_chunks),
          UNIT_TEST(drops_extensions), UNIT_TEST(reads_trailers_and_drops_forbidden_ones),
          UNIT_TEST(refuses_sizes_that_are_not_plain_hexadecimal), UNIT_TEST(refuses_bad_line_ends_and_spill),
          UNIT_TEST(refuses_bad_extensions), UNIT_TEST(tells_whether_the_connection_may_end))
