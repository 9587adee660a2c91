// Bytes through one TLS session or several inside each other, and the ways in which such a flow ends.
#include <string>

#include "sallyport/tls/tls_stream.hpp"

#include "hinted_stream.hpp"
#include "tls_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using namespace sallyport::tls;
using test::distinct_bytes;
using test::Received;
using test::TlsFixture;
using test::TlsStreamPtr;
using test::TrickleStream;

namespace {

struct Session : TlsFixture {
  // Over the given streams below.
  void open(Stream& below_client, Stream& below_server) {
    server_side = accept(below_server, server_session());
    client_side = connect(below_client, client_session());
    must_shake_hands(*client_side, *server_side);
  }
  void open() { open(*client_socket, *server_socket); }

  TlsStreamPtr client_side, server_side;
  Received at_client, at_server;
};

void check_exchange(Session& session, Stream& client, Stream& server, std::size_t bytes) {
  const std::string forth = distinct_bytes(bytes, 3);
  const std::string back = distinct_bytes(bytes + 1, 4);
  session.at_client = session.at_server = {};
  session.run(test::exchange_all(client, forth, session.at_client, server, back, session.at_server));
  CHECK_OK(session.at_client.end);
  CHECK_OK(session.at_server.end);
  CHECK(session.at_server.bytes == forth);
  CHECK(session.at_client.bytes == back);
}

Task<void> say_and_vanish(Session& session) {
  co_await test::send(*session.server_side, "half an answer");
  const Result<void> finished = co_await session.server_socket->finish();
  CHECK_OK(finished);
  co_await test::receive_all(*session.client_side, session.at_client);
}

Task<void> answer_after_close_notify(Session& session) {
  co_await test::send_and_finish(*session.client_side, "question");
  co_await test::receive_all(*session.server_side, session.at_server);
  co_await test::send_and_finish(*session.server_side, "answer");
  co_await test::receive_all(*session.client_side, session.at_client);
}

Task<void> finish_twice(Session& session) {
  co_await test::send_and_finish(*session.server_side, "answer");
  co_await test::send_and_finish(*session.server_side, "");
  co_await test::receive_all(*session.client_side, session.at_client);
}

}  // namespace

TEST(megabytes_pass_both_ways_at_once) {
  Session session;
  session.open();
  check_exchange(session, *session.client_side, *session.server_side, 4'000'000);
}

TEST(one_byte_at_a_time_is_enough) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    Session session;
    TrickleStream below_client(*session.client_socket, 1, seed);
    TrickleStream below_server(*session.server_socket, 1, seed + 100);
    session.open(below_client, below_server);
    check_exchange(session, *session.client_side, *session.server_side, 20'000);
    session.client_side.reset();
    session.server_side.reset();
  }
}

TEST(odd_pieces_and_false_alarms_change_nothing) {
  for (const std::size_t most : {7U, 1'000U, 20'000U}) {
    Session session;
    TrickleStream below_client(*session.client_socket, most, 5);
    TrickleStream below_server(*session.server_socket, most, 6);
    session.open(below_client, below_server);
    check_exchange(session, *session.client_side, *session.server_side, 300'000);
    session.client_side.reset();
    session.server_side.reset();
  }
}

TEST(three_sessions_inside_each_other) {
  Session session;
  session.open();
  std::vector<TlsStreamPtr> clients, servers;
  clients.push_back(std::move(session.client_side));
  servers.push_back(std::move(session.server_side));
  for (int layer = 1; layer < 3; ++layer) {
    TlsStreamPtr server = session.accept(*servers.back(), session.server_session({"http/1.1"}));
    TlsStreamPtr client = session.connect(*clients.back(), session.client_session({"http/1.1"}));
    session.must_shake_hands(*client, *server);
    clients.push_back(std::move(client));
    servers.push_back(std::move(server));
  }
  check_exchange(session, *clients.back(), *servers.back(), 2'000'000);
  while (!clients.empty()) clients.pop_back();
  while (!servers.empty()) servers.pop_back();
}

TEST(bytes_read_ahead_below_belong_to_the_session_above) {
  Session session;
  session.server_side = session.accept(*session.server_socket, session.server_session());
  session.client_side = session.connect(*session.client_socket, session.client_session());
  CHECK(session.client_side->try_handshake().blocked());
  // Someone looks at the hello first.
  std::array<std::uint8_t, 4096> hello;
  const Attempt looked = session.server_socket->try_read(hello);
  CHECK_EQUAL(looked.state, Attempt::State::done);
  session.server_socket->unread(ByteView(hello).first(looked.count));
  session.must_shake_hands(*session.client_side, *session.server_side);
  check_exchange(session, *session.client_side, *session.server_side, 10);
}

TEST(close_notify_is_an_end_and_a_bare_end_is_a_break) {
  {
    Session session;
    session.open();
    session.run(answer_after_close_notify(session));
    CHECK_EQUAL(session.at_server.bytes, "question");
    CHECK_OK(session.at_server.end);
    CHECK_EQUAL(session.at_client.bytes, "answer");
    CHECK_OK(session.at_client.end);
  }
  Session session;
  session.open();
  session.run(say_and_vanish(session));
  CHECK_EQUAL(session.at_client.bytes, "half an answer");
  CHECK(!session.at_client.end);
  CHECK_EQUAL(session.at_client.end.error().kind, ErrorKind::reset);
  CHECK_EQUAL(session.at_client.end.error().reason, "TLS: the connection ended without close_notify");
}

TEST(finishing_twice_says_close_notify_once) {
  Session session;
  session.open();
  session.run(finish_twice(session));
  CHECK_EQUAL(session.at_client.bytes, "answer");
  CHECK_OK(session.at_client.end);
}

TEST(close_notify_arrives_although_the_stream_below_was_blocked) {
  for (const unsigned times : {1U, 2U, 5U}) {
    Session session;
    TrickleStream below_server(*session.server_socket, 20'000, 9);
    session.open(*session.client_socket, below_server);
    session.run(test::send(*session.server_side, "answer"));
    below_server.writes_to_block = times;
    session.run(test::send_and_finish(*session.server_side, ""));
    session.run(test::receive_all(*session.client_side, session.at_client));
    CHECK_EQUAL(session.at_client.bytes, "answer");
    CHECK_OK(session.at_client.end);
    session.server_side.reset();
  }
}

TEST(a_record_that_was_tampered_with_ends_the_session) {
  Session session;
  session.open();
  const std::string forged = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
  CHECK_EQUAL(session.server_socket->try_write(bytes_of(forged)).count, forged.size());
  session.run(test::receive_all(*session.client_side, session.at_client));
  CHECK(!session.at_client.end);
  CHECK_EQUAL(session.at_client.end.error().kind, ErrorKind::tls);
  // The other side is told why.
  session.run(test::receive_all(*session.server_side, session.at_server));
  CHECK(!session.at_server.end);
  CHECK_EQUAL(session.server_side->peer_alert(), SSL_AD_BAD_RECORD_MAC);
  CHECK_EQUAL(session.at_server.end.error().reason, "TLS: the peer ended it with the alert bad record mac");
}

TEST(a_ticket_leaves_with_the_first_answer) {
  Session session;
  test::HintedStream below(*session.server_socket);
  session.open(*session.client_socket, below);
  CHECK_EQUAL(below.hints, ".+");  // the server's flight, and the ticket
  session.run(test::send_and_finish(*session.server_side, "answer"));
  CHECK_EQUAL(below.hints, ".+..|");  // the answer, close_notify, the end
  session.run(test::receive_all(*session.client_side, session.at_client));
  CHECK_EQUAL(session.at_client.bytes, "answer");
  CHECK_EQUAL(session.sessions.size(), 1U);
  session.server_side.reset();
}

UNIT_MAIN(UNIT_TEST(megabytes_pass_both_ways_at_once), UNIT_TEST(one_byte_at_a_time_is_enough),
          UNIT_TEST(odd_pieces_and_false_alarms_change_nothing), UNIT_TEST(three_sessions_inside_each_other),
          UNIT_TEST(bytes_read_ahead_below_belong_to_the_session_above),
          UNIT_TEST(close_notify_is_an_end_and_a_bare_end_is_a_break),
          UNIT_TEST(finishing_twice_says_close_notify_once),
          UNIT_TEST(close_notify_arrives_although_the_stream_below_was_blocked),
          UNIT_TEST(a_record_that_was_tampered_with_ends_the_session), UNIT_TEST(a_ticket_leaves_with_the_first_answer))
