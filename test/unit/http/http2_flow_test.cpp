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

Task<void> one_goes_on_beside(Http2Pair& pair, std::size_t stalled_flows) {
  std::vector<std::unique_ptr<Talk>> stalled;
  for (std::size_t number = 0; number < stalled_flows; ++number) {
    stalled.push_back(pair.open(test::request_head(), false));
    Talk* const server = co_await pair.accepted(number);
    CHECK_OK(server->flow->send_head(test::response_head(), false));
    co_await fill_window(*server->flow, *stalled.back()->flow);
  }
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
  pair.run(one_goes_on_beside(pair, 9));
}

}  // namespace

UNIT_MAIN(UNIT_TEST(bytes_flow_both_ways_at_once), UNIT_TEST(bytes_flow_in_any_pieces),
          UNIT_TEST(what_is_not_read_stalls_nobody_else))
