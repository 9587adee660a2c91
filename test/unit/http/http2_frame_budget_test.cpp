#include "../../../src/http/http2_frame_budget.hpp"

#include "check.hpp"

using namespace sallyport;
using http::http2::ErrorCode;
using http::http2::FrameBudget;
using http::http2::Role;
using http::http2::SeenFrame;
using std::chrono::seconds;

namespace {

constexpr io::TimePoint start{std::chrono::hours(1)};

SeenFrame received(std::uint8_t type, std::size_t length = 0, std::uint8_t flags = 0) {
  return {.sent = false, .type = type, .flags = flags, .stream = 1, .length = length};
}

SeenFrame sent(std::uint8_t type, std::size_t length, ErrorCode code = ErrorCode::no_error) {
  return {.sent = true, .type = type, .flags = 0, .stream = 1, .length = length, .code = code};
}

// How many of these frames are taken, up to `most`.
int taken(FrameBudget& budget, const SeenFrame& frame, int most = 1'000'000, io::TimePoint when = start) {
  int count = 0;
  while (count < most && budget.take(frame, when)) ++count;
  return count;
}

int taken_from_the_start(const SeenFrame& frame, int most = 1'000'000) {
  FrameBudget budget(Role::server, start);
  return taken(budget, frame, most);
}

std::string refusal_of(const SeenFrame& frame) {
  FrameBudget budget(Role::server, start);
  taken(budget, frame);
  const Result<void> refused = budget.take(frame, start);
  CHECK(!refused);
  CHECK(refused.error().kind == ErrorKind::exhausted);
  return refused.error().reason;
}

}  // namespace

// G02
TEST(resets_by_either_side_are_bounded) {
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_RST_STREAM, 4)), 1000);
  for (const ErrorCode provoked : {ErrorCode::protocol_error, ErrorCode::flow_control_error, ErrorCode::stream_closed,
                                   ErrorCode::refused_stream, ErrorCode{0x6}}) {
    CHECK_EQUAL(taken_from_the_start(sent(NGHTTP2_RST_STREAM, 4, provoked)), 1000);
  }
  CHECK_EQUAL(refusal_of(received(NGHTTP2_RST_STREAM, 4)), "the peer floods: too many resets of streams");
  CHECK_EQUAL(refusal_of(sent(NGHTTP2_RST_STREAM, 4, ErrorCode::protocol_error)),
              "the peer floods: too many streams that had to be reset");

  FrameBudget both(Role::server, start);
  CHECK_EQUAL(taken(both, received(NGHTTP2_RST_STREAM, 4), 500), 500);
  for (int message = 0; message < 250; ++message) CHECK_OK(both.take_answered_fault(start));
  CHECK_EQUAL(taken(both, sent(NGHTTP2_RST_STREAM, 4, ErrorCode::protocol_error)), 250);
}

TEST(resets_that_are_our_own_doing_count_against_nobody) {
  for (const ErrorCode own : {ErrorCode::no_error, ErrorCode::internal_error, ErrorCode::cancel}) {
    CHECK_EQUAL(taken_from_the_start(sent(NGHTTP2_RST_STREAM, 4, own), 100'000), 100'000);
  }
}

// G05
TEST(floods_are_bounded) {
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_PING, 8)), 1000);
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_SETTINGS, 0)), 1000);
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_PRIORITY, 5)), 1000);
  CHECK_EQUAL(taken_from_the_start(received(0x10, 5)), 1000);
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_WINDOW_UPDATE, 4)), 1000);
  CHECK_EQUAL(taken_from_the_start(received(0xbe, 0)), 1000);
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_DATA, 0)), 200);
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_DATA, 100, NGHTTP2_FLAG_PADDED)), 200);
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_GOAWAY, 8)), 1000);
  CHECK_EQUAL(refusal_of(received(NGHTTP2_PING, 8)), "the peer floods: too many PING frames");
}

// G03
TEST(a_header_block_has_a_bounded_number_of_pieces) {
  FrameBudget budget(Role::server, start);
  for (std::int32_t stream = 1; stream < 2'000; stream += 2) {
    CHECK_OK(budget.take({.type = NGHTTP2_HEADERS, .stream = stream, .length = 100}, start));
    CHECK_EQUAL(taken(budget, received(NGHTTP2_CONTINUATION, 100), 8), 8);
  }
  CHECK(!budget.take(received(NGHTTP2_CONTINUATION, 100), start));
}

TEST(streams_have_two_blocks_and_few_have_more) {
  FrameBudget budget(Role::server, start);
  for (std::int32_t stream = 1; stream < 20'000; stream += 2) {
    for (int block = 0; block < 2; ++block) {
      CHECK_OK(budget.take({.type = NGHTTP2_HEADERS, .stream = stream, .length = 10}, start));
    }
  }
  CHECK_EQUAL(taken(budget, received(NGHTTP2_HEADERS, 10)), 99);
}

TEST(only_pings_of_ours_are_acknowledged) {
  constexpr auto ack = NGHTTP2_FLAG_ACK;
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_PING, 8, ack)), 1000);
  FrameBudget budget(Role::server, start);
  CHECK_OK(budget.take(sent(NGHTTP2_PING, 8), start));
  CHECK_EQUAL(taken(budget, received(NGHTTP2_PING, 8, ack)), 1001);
}

TEST(what_is_not_a_flood_passes) {
  constexpr int many = 100'000;
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_SETTINGS, 0, NGHTTP2_FLAG_ACK), many), many);
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_DATA, 1), many), many);
  FrameBudget requests(Role::server, start);
  for (std::int32_t stream = 1; stream < 2 * many; stream += 2) {
    CHECK_OK(requests.take({.type = NGHTTP2_HEADERS, .stream = stream, .length = 30}, start));
  }
  CHECK_EQUAL(taken_from_the_start(received(NGHTTP2_DATA, 0, NGHTTP2_FLAG_END_STREAM), 10'000), 10'000);
}

TEST(who_moves_data_may_ask_for_windows_and_measure_round_trips) {
  FrameBudget budget(Role::server, start);
  for (int frame = 0; frame < 10'000; ++frame) {
    CHECK_OK(budget.take(sent(NGHTTP2_DATA, 16'384), start));
    CHECK_EQUAL(taken(budget, received(NGHTTP2_WINDOW_UPDATE, 4), 10), 10);
    CHECK_EQUAL(taken(budget, received(NGHTTP2_PING, 8), 2), 2);
  }
  // And not for ever after.
  CHECK_EQUAL(taken(budget, received(NGHTTP2_WINDOW_UPDATE, 4)), 990);
  CHECK_EQUAL(taken(budget, received(NGHTTP2_PING, 8)), 998);
}

// G05: the budget of origins.
TEST(an_origin_may_answer_what_it_was_asked) {
  FrameBudget budget(Role::client, start);
  const int many = 5'000;
  for (std::int32_t stream = 1; stream < 2 * many; stream += 2) {
    CHECK_OK(budget.take({.sent = true, .type = NGHTTP2_HEADERS, .stream = stream, .length = 10}, start));
    // Our trailers ask for nothing more.
    CHECK_OK(budget.take({.sent = true, .type = NGHTTP2_HEADERS, .stream = stream, .length = 10}, start));
  }
  // An interim response, the response and trailers, in any order of streams; and an end.
  CHECK_EQUAL(taken(budget, received(NGHTTP2_HEADERS, 100), 3 * many), 3 * many);
  CHECK_EQUAL(taken(budget, received(NGHTTP2_RST_STREAM, 4), many / 2), many / 2);
  CHECK_EQUAL(taken(budget, sent(NGHTTP2_RST_STREAM, 4, ErrorCode::protocol_error), many / 2), many / 2);
  // Beyond that, what every peer may do.
  CHECK_EQUAL(taken(budget, received(NGHTTP2_HEADERS, 100)), 100);
  CHECK_EQUAL(taken(budget, received(NGHTTP2_RST_STREAM, 4)), 1000);
  CHECK_EQUAL(budget.take(received(NGHTTP2_HEADERS, 100), start).error().reason,
              "the peer floods: too many header blocks that nobody asked for");
}

TEST(time_gives_back_at_a_rate_and_no_more_than_at_the_start) {
  FrameBudget budget(Role::server, start);
  const SeenFrame reset = received(NGHTTP2_RST_STREAM, 4);
  CHECK_EQUAL(taken(budget, reset), 1000);
  CHECK_EQUAL(taken(budget, reset, 1'000'000, start + seconds(2)), 66);
  CHECK_EQUAL(taken(budget, reset, 1'000'000, start + seconds(2)), 0);
  CHECK_EQUAL(taken(budget, reset, 1'000'000, start + seconds(3)), 33);
  CHECK_EQUAL(taken(budget, reset, 1'000'000, start + std::chrono::hours(1000)), 1000);
}

TEST(bytes_that_carry_nothing_are_bounded) {
  FrameBudget budget(Role::server, start);
  // Large frames: before their number is an excess, their size is.
  CHECK_EQUAL(taken(budget, received(0xbe, 16'384)), 511);
  CHECK_EQUAL(refusal_of(received(0xbe, 16'384)), "the peer floods: too many bytes of overhead");
  FrameBudget useful(Role::server, start);
  for (int round = 0; round < 1000; ++round) {
    CHECK_OK(useful.take(received(NGHTTP2_DATA, 16'384), start));
    CHECK_OK(useful.take(received(NGHTTP2_PING, 8), start));
  }
}

UNIT_MAIN(UNIT_TEST(resets_by_either_side_are_bounded), UNIT_TEST(resets_that_are_our_own_doing_count_against_nobody),
          UNIT_TEST(floods_are_bounded), UNIT_TEST(a_header_block_has_a_bounded_number_of_pieces),
          UNIT_TEST(streams_have_two_blocks_and_few_have_more), UNIT_TEST(only_pings_of_ours_are_acknowledged),
          UNIT_TEST(what_is_not_a_flood_passes), UNIT_TEST(who_moves_data_may_ask_for_windows_and_measure_round_trips),
          UNIT_TEST(an_origin_may_answer_what_it_was_asked),
          UNIT_TEST(time_gives_back_at_a_rate_and_no_more_than_at_the_start),
          UNIT_TEST(bytes_that_carry_nothing_are_bounded))
