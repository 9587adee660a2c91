#include "../../../src/http/http2_peer_streams.hpp"

#include "check.hpp"

using namespace sallyport;
using http::http2::ErrorCode;
using http::http2::PeerStreams;
using http::http2::SeenFrame;
using http::http2::StreamFault;

namespace {

constexpr std::uint8_t ends = NGHTTP2_FLAG_END_STREAM;

SeenFrame head(std::int32_t stream, std::uint8_t flags = 0) {
  return {
      .type = NGHTTP2_HEADERS, .flags = static_cast<std::uint8_t>(flags | NGHTTP2_FLAG_END_HEADERS), .stream = stream};
}
SeenFrame data(std::int32_t stream, std::uint8_t flags = 0) {
  return {.type = NGHTTP2_DATA, .flags = flags, .stream = stream, .length = 1};
}
SeenFrame reset(std::int32_t stream) { return {.type = NGHTTP2_RST_STREAM, .stream = stream, .length = 4}; }

void check_fault(PeerStreams& streams, const SeenFrame& frame, ErrorCode code, bool of_connection) {
  const std::optional<StreamFault> fault = streams.take(frame);
  CHECK(fault.has_value());
  CHECK(fault->code == code);
  CHECK_EQUAL(fault->of_connection, of_connection);
}

}  // namespace

TEST(what_belongs_together_may_come) {
  PeerStreams streams;
  for (std::int32_t stream = 1; stream < 1000; stream += 2) {
    CHECK(!streams.take(head(stream)));
    CHECK(!streams.take(data(stream)));
    CHECK(!streams.take(head(stream, ends)));
    CHECK(!streams.take({.type = NGHTTP2_WINDOW_UPDATE, .stream = stream}));
    CHECK(!streams.take(reset(stream)));
  }
}

// RFC 9113 §5.1
TEST(nothing_follows_the_end_of_a_stream) {
  PeerStreams streams;
  CHECK(!streams.take(head(1, ends)));
  CHECK(!streams.take(head(3)));
  CHECK(!streams.take(data(3, ends)));
  CHECK(!streams.take(head(5)));
  CHECK(!streams.take(reset(5)));
  check_fault(streams, data(1), ErrorCode::stream_closed, true);
  check_fault(streams, head(3, ends), ErrorCode::stream_closed, true);
  check_fault(streams, data(5), ErrorCode::stream_closed, false);
  check_fault(streams, head(5), ErrorCode::stream_closed, false);
}

TEST(an_end_of_long_ago_is_forgotten) {
  PeerStreams streams;
  for (std::int32_t stream = 1; stream < 100; stream += 2) CHECK(!streams.take(head(stream, ends)));
  CHECK(!streams.take(data(1)));
  check_fault(streams, data(99), ErrorCode::stream_closed, true);
}

// RFC 9113 §5.1.1
TEST(a_stream_that_was_passed_over_stays_closed) {
  PeerStreams streams;
  CHECK(!streams.take(head(7)));
  for (const std::int32_t stream : {1, 3, 5}) {
    check_fault(streams, head(stream), ErrorCode::protocol_error, true);
    check_fault(streams, data(stream), ErrorCode::protocol_error, true);
  }
  CHECK(!streams.take(data(7)));
  CHECK(!streams.take(head(9)));
  CHECK(!streams.take(head(13)));
  CHECK(!streams.take(data(9)));
  check_fault(streams, head(11), ErrorCode::protocol_error, true);
}

TEST(faults_that_nghttp2_finds_are_left_to_it) {
  PeerStreams streams;
  CHECK(!streams.take(head(2)));
  CHECK(!streams.take(data(0)));
  CHECK(!streams.take(data(1)));
  CHECK(!streams.take(reset(1)));
  CHECK(!streams.take({.type = NGHTTP2_HEADERS, .flags = ends, .stream = 1}));
  CHECK(!streams.take(data(1)));  // within the block of the one before
  CHECK(!streams.take({.type = NGHTTP2_CONTINUATION, .flags = NGHTTP2_FLAG_END_HEADERS, .stream = 1}));
  check_fault(streams, data(1), ErrorCode::stream_closed, true);
  check_fault(streams, {.type = NGHTTP2_PRIORITY, .stream = 0, .length = 5}, ErrorCode::protocol_error, true);
}

UNIT_MAIN(UNIT_TEST(what_belongs_together_may_come), UNIT_TEST(nothing_follows_the_end_of_a_stream),
          UNIT_TEST(an_end_of_long_ago_is_forgotten), UNIT_TEST(a_stream_that_was_passed_over_stays_closed),
          UNIT_TEST(faults_that_nghttp2_finds_are_left_to_it))
