// Sessions taken up again: when tickets are good, and when they are not.
#include <string>

#include "sallyport/tls/session_cache.hpp"

#include "tls_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using namespace sallyport::tls;
using test::Received;
using test::TlsFixture;
using test::TlsStreamPtr;

namespace {

// TLS 1.3 gives tickets behind the handshake: they are read with the first bytes.
Task<void> hear_one_byte(TlsStream& client, TlsStream& server) {
  Received received;
  co_await test::send(server, "x");
  co_await test::receive(client, 1, received);
  CHECK_EQUAL(received.bytes, "x");
}

struct Visitor : TlsFixture {
  // One connection, offering the session that came last if there is one; whether it was resumed.
  bool visit(const std::string& scope = "scope") {
    reconnect();
    const crypto::SslSessionPtr offered = sessions.empty() ? nullptr : crypto::up_ref(sessions.back().get());
    const TlsStreamPtr server_side = accept(*server_socket, server_session({}, scope));
    ClientContext::Session session = client_session();
    session.resume = offered.get();
    const TlsStreamPtr client_side = connect(*client_socket, std::move(session));
    must_shake_hands(*client_side, *server_side);
    CHECK_EQUAL(client_side->resumed(), server_side->resumed());
    CHECK_EQUAL(X509_cmp(client_side->peer_certificate(), leaf.get()), 0);
    run(hear_one_byte(*client_side, *server_side));
    return client_side->resumed();
  }
};

}  // namespace

TEST(a_ticket_spares_leaf_and_verification) {
  Visitor visitor;
  CHECK(!visitor.visit());
  CHECK_EQUAL(visitor.sessions.size(), 1U);
  CHECK(visitor.visit());
  CHECK(visitor.visit());
  CHECK_EQUAL(visitor.identities_asked, 1);
  CHECK_EQUAL(visitor.chains_judged, 1);
  // Each connection brings a ticket for the next one.
  CHECK_EQUAL(visitor.sessions.size(), 3U);
}

TEST(a_ticket_is_good_within_its_scope_alone) {
  Visitor visitor;
  CHECK(!visitor.visit("www.shop.example, policy 1"));
  CHECK(!visitor.visit("www.shop.example, policy 2"));
  CHECK(visitor.visit("www.shop.example, policy 2"));
  CHECK_EQUAL(visitor.identities_asked, 2);
  CHECK_EQUAL(visitor.chains_judged, 2);
}

TEST(workers_share_tickets_by_their_keys) {
  Visitor visitor;
  CHECK(!visitor.visit());
  visitor.server = *ServerContext::create({.ticket_keys = visitor.keys});
  CHECK(visitor.visit());
  visitor.server = *ServerContext::create({.ticket_keys = *TicketKeys::generate()});
  CHECK(!visitor.visit());
}

TEST(a_tls_1_2_origin_gives_its_session_with_the_handshake) {
  TlsFixture fixture;
  const auto context = test::raw_server_context(fixture.leaf, TLS1_2_VERSION, TLS1_2_VERSION);
  for (const bool again : {false, true}) {
    fixture.reconnect();
    ClientContext::Session session = fixture.client_session();
    session.resume = again ? fixture.sessions.front().get() : nullptr;
    const TlsStreamPtr server = test::raw_server(context.get(), *fixture.server_socket);
    const TlsStreamPtr client = fixture.connect(*fixture.client_socket, std::move(session));
    fixture.must_shake_hands(*client, *server);
    CHECK_EQUAL(client->resumed(), again);
    CHECK(!fixture.sessions.empty());
  }
  CHECK_EQUAL(fixture.chains_judged, 1);
}

TEST(a_session_outlives_the_connection_it_began_on_however_that_ended) {
  Visitor visitor;
  CHECK(!visitor.visit());  // neither side said close_notify
  visitor.client_socket.reset();
  visitor.server_socket.reset();
  CHECK_EQUAL(SSL_SESSION_is_resumable(visitor.sessions.back().get()), 1);
}

UNIT_MAIN(UNIT_TEST(a_ticket_spares_leaf_and_verification), UNIT_TEST(a_ticket_is_good_within_its_scope_alone),
          UNIT_TEST(workers_share_tickets_by_their_keys),
          UNIT_TEST(a_tls_1_2_origin_gives_its_session_with_the_handshake),
          UNIT_TEST(a_session_outlives_the_connection_it_began_on_however_that_ended))
