#include "../../../src/http/http2_flow.hpp"

#include "http2_pair.hpp"

using namespace sallyport;
using namespace sallyport::io;
using test::Http2Pair;
using test::Talk;

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

}  // namespace

UNIT_MAIN(UNIT_TEST(bytes_flow_both_ways_at_once), UNIT_TEST(bytes_flow_in_any_pieces))
