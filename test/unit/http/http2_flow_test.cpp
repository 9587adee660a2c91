#include "../../../src/http/http2_flow.hpp"

#include "http2_pair.hpp"

using namespace sallyport;
using namespace sallyport::io;
using test::Http2Pair;
using test::Talk;
namespace http2 = http::http2;

namespace {

Task<void> both_ways(Http2Pair& pair, std::size_t bytes) {
  const std::unique_ptr<Talk> client = pair.open(test::request_head(), false);
  Talk* const server = co_await pair.accepted(0);
  CHECK_OK(server->flow->send_head(test::response_head(), false));
  const std::string forth = test::distinct_bytes(bytes, 1);
  const std::string back = test::distinct_bytes(bytes, 2);
  test::Received at_client;
  test::Received at_server;
  co_await test::exchange_all(*client->flow, forth, at_client, *server->flow, back, at_server);
  CHECK(at_server.bytes == forth);
  CHECK(at_client.bytes == back);
  CHECK_OK(at_client.end);
  CHECK_OK(at_server.end);
  CHECK(client->flow->ended() && client->flow->finished());
  CHECK(!client->cut_off && !server->cut_off);
  pair.server_side.talks.clear();
}

TEST(bytes_flow_both_ways_at_once) {
  Http2Pair pair;
  pair.start();
  pair.run(both_ways(pair, 3'000'000));
  CHECK_EQUAL(pair.client->flows(), 0U);
}

TEST(bytes_flow_in_any_pieces) {
  Http2Pair pair;
  test::TrickleStream server_stream(*pair.server_socket, 7, 11);
  test::TrickleStream client_stream(*pair.client_socket, 5, 12);
  pair.start_over(server_stream, client_stream);
  pair.run(both_ways(pair, 50'000));
  pair.server.reset();
  pair.client.reset();
}

// Of what nobody reads, as much as the streams' windows take.
Task<void> fill_window(http2::Flow& from, http2::Flow& to) {
  const std::string bytes = test::distinct_bytes(http2::stream_window, 3);
  co_await test::send(from, bytes);
  while (to.unread() < bytes.size()) co_await next_turn(from.loop());
}

// Read as it comes, so that its window grows.
Task<void> keep_up(http2::Flow& from, http2::Flow& to, std::size_t bytes) {
  const std::string piece = test::distinct_bytes(16 * 1024, 5);
  for (std::size_t done = 0; done < bytes; done += piece.size()) {
    test::Received received;
    co_await test::send(from, piece);
    co_await test::receive(to, piece.size(), received);
  }
}

// Nobody reads any more: it is sent all that it takes.
Task<void> fill_up(http2::Flow& from) {
  const std::string piece = test::distinct_bytes(8 * 1024, 5);
  for (unsigned turns_shut = 0; turns_shut < 100; ++turns_shut) {
    const Attempt attempt = from.try_write(bytes_of(piece));
    if (attempt.state == Attempt::State::done) turns_shut = 0;
    co_await next_turn(from.loop());
  }
}

enum class Stalled { from_the_start, once_grown, all_at_once, all_at_their_largest };

// What a stream is read until its window has grown: by a little, or to the largest that there is.
constexpr std::size_t bytes_to_grow = std::size_t{192} * 1024;
constexpr std::size_t bytes_to_grow_largest = std::size_t{10} * 1024 * 1024;

Task<void> one_goes_on_beside(Http2Pair& pair, std::size_t stalled_flows, Stalled when) {
  std::vector<std::unique_ptr<Talk>> stalled;
  for (std::size_t number = 0; number < stalled_flows; ++number) {
    stalled.push_back(pair.open(test::request_head(), false));
    Talk* const server = co_await pair.accepted(number);
    CHECK_OK(server->flow->send_head(test::response_head(), false));
    if (when == Stalled::from_the_start) {
      co_await fill_window(*server->flow, *stalled.back()->flow);
    } else {
      const std::size_t bytes = when == Stalled::all_at_their_largest ? bytes_to_grow_largest : bytes_to_grow;
      co_await keep_up(*server->flow, *stalled.back()->flow, bytes);
    }
    if (when == Stalled::once_grown) co_await fill_up(*server->flow);
  }
  const bool together = when == Stalled::all_at_once || when == Stalled::all_at_their_largest;
  for (std::size_t number = 0; number < stalled_flows && together; ++number) {
    Talk* const server = co_await pair.accepted(number);
    co_await fill_up(*server->flow);
    CHECK(stalled[number]->flow->unread() >= http2::stream_window);
  }
  if (together) CHECK(stalled.front()->flow->unread() > http2::stream_window);
  const std::unique_ptr<Talk> read = pair.open(test::request_head(), false);
  Talk* const server = co_await pair.accepted(stalled_flows);
  CHECK_OK(server->flow->send_head(test::response_head(), false));
  test::Received at_client;
  test::Received at_server;
  const std::string body = test::distinct_bytes(1'000'000, 4);
  co_await test::exchange_all(*read->flow, "", at_client, *server->flow, body, at_server);
  CHECK(at_client.bytes == body);
  stalled.clear();
  pair.server_side.talks.clear();
}

TEST(what_is_not_read_stalls_nobody_else) {
  Http2Pair pair;
  pair.start();
  pair.run(one_goes_on_beside(pair, 9, Stalled::from_the_start));
}

TEST(flows_that_stall_one_after_the_other_leave_room_for_more) {
  Http2Pair pair;
  pair.start();
  pair.run(one_goes_on_beside(pair, 3, Stalled::once_grown));
}

TEST(flows_that_stall_together_leave_room_for_more) {
  Http2Pair pair;
  pair.start();
  pair.run(one_goes_on_beside(pair, 4, Stalled::all_at_once));
}

TEST(flows_that_stall_at_their_largest_leave_room_for_more) {
  Http2Pair pair;
  pair.start();
  pair.run(one_goes_on_beside(pair, 4, Stalled::all_at_their_largest));
}

// What nobody has a use for yet hardly comes, and takes nothing from the others, however many there are.
Task<void> nothing_is_expected_of(Http2Pair& pair, std::size_t flows) {
  std::vector<std::unique_ptr<Talk>> stalled;
  std::vector<Talk*> servers;
  const std::string body = test::distinct_bytes(100'000, 6);
  for (std::size_t number = 0; number < flows; ++number) {
    stalled.push_back(pair.open(test::request_head(), false));
    stalled.back()->flow->expect(0);
    servers.push_back(co_await pair.accepted(number));
    CHECK_OK(servers.back()->flow->send_head(test::response_head(), false));
    co_await fill_up(*servers.back()->flow);
    CHECK_EQUAL(stalled.back()->flow->unread(), static_cast<std::size_t>(http2::first_response_window));
  }
  stalled.front()->flow->expect(10'000);
  co_await fill_up(*servers.front()->flow);
  CHECK_EQUAL(stalled.front()->flow->unread(), 10'000U);
  stalled.front()->flow->consume(1'000);
  co_await fill_up(*servers.front()->flow);
  CHECK(stalled.front()->flow->unread() <= 10'000U);
  stalled.clear();
  pair.server_side.talks.clear();
}

TEST(what_nobody_expects_does_not_come) {
  Http2Pair pair;
  pair.start();
  pair.run(nothing_is_expected_of(pair, 8));
}

}  // namespace

UNIT_MAIN(UNIT_TEST(bytes_flow_both_ways_at_once), UNIT_TEST(bytes_flow_in_any_pieces),
          UNIT_TEST(what_is_not_read_stalls_nobody_else),
          UNIT_TEST(flows_that_stall_one_after_the_other_leave_room_for_more),
          UNIT_TEST(flows_that_stall_together_leave_room_for_more),
          UNIT_TEST(flows_that_stall_at_their_largest_leave_room_for_more),
          UNIT_TEST(what_nobody_expects_does_not_come))
