// What a handshake comes to, seen from both roles.
#include <array>
#include <memory>
#include <optional>
#include <string>

#include <openssl/err.h>

#include "sallyport/tls/tls_stream.hpp"

#include "tls_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using namespace sallyport::tls;
using std::chrono::milliseconds;
using test::Handshakes;
using test::TlsFixture;
using test::TlsStreamPtr;

namespace {

// RFC 8446 §6.
constexpr int alert_internal_error = 80;
constexpr int alert_protocol_version = 70;
constexpr int alert_no_application_protocol = 120;

Task<void> shake_and_close(TlsStream& stream, Result<void>& outcome) {
  StartedTask<void> shaking(test::shake(stream, outcome));
  CHECK(!shaking.done());
  stream.close({ErrorKind::cancelled, "shutdown"});
  CHECK(!shaking.done());
  co_await shaking.join();
}

Result<void> shake_with(TlsFixture& fixture, TlsStream& stream, const std::string& said_by_peer, bool peer_ends) {
  if (!said_by_peer.empty()) {
    CHECK_EQUAL(fixture.server_socket->try_write(bytes_of(said_by_peer)).count, said_by_peer.size());
  }
  if (peer_ends) fixture.server_socket->try_finish();
  Result<void> outcome;
  fixture.run(test::shake(stream, outcome));
  return outcome;
}

}  // namespace

TEST(both_roles_agree) {
  TlsFixture fixture;
  const TlsStreamPtr server = fixture.accept(*fixture.server_socket, fixture.server_session({"http/1.1"}));
  const TlsStreamPtr client = fixture.connect(*fixture.client_socket, fixture.client_session({"http/1.1"}));
  fixture.must_shake_hands(*client, *server);
  for (const TlsStreamPtr* side : {&client, &server}) {
    CHECK_EQUAL((*side)->version(), "TLSv1.3");
    CHECK_EQUAL((*side)->cipher(), "TLS_AES_128_GCM_SHA256");
    CHECK_EQUAL((*side)->suite(), "TLSv1.3 TLS_AES_128_GCM_SHA256");
    CHECK_EQUAL((*side)->alpn(), "http/1.1");
    CHECK(!(*side)->resumed());
    CHECK_EQUAL((*side)->peer_alert(), -1);
  }
  CHECK_EQUAL(X509_cmp(client->peer_certificate(), fixture.leaf.get()), 0);
  CHECK(server->peer_certificate() == nullptr);
  CHECK_EQUAL(fixture.identities_asked, 1);
  CHECK_EQUAL(fixture.chains_judged, 1);
}

TEST(what_only_the_handshake_asks_for_ends_with_it) {
  TlsFixture fixture;
  const auto held = std::make_shared<int>();
  ServerContext::Session session = fixture.server_session({"http/1.1"});
  session.identity = [held, asked = std::move(session.identity)] { return asked(); };
  bool told = false;
  session.first_byte = [held, &told] { told = true; };
  const TlsStreamPtr server = fixture.accept(*fixture.server_socket, std::move(session));
  ClientContext::Session from = fixture.client_session({"http/1.1"});
  from.verify = [held, asked = std::move(from.verify)](X509_STORE_CTX* presented) { return asked(presented); };
  const TlsStreamPtr client = fixture.connect(*fixture.client_socket, std::move(from));
  CHECK_EQUAL(held.use_count(), 4);
  fixture.must_shake_hands(*client, *server);
  CHECK_EQUAL(held.use_count(), 2);
  CHECK_EQUAL(client->try_write(bytes_of("x")).count, 1u);
  std::array<std::uint8_t, 1> byte{};
  CHECK_EQUAL(server->try_read(byte).count, 1u);
  CHECK(told);
  CHECK_EQUAL(held.use_count(), 1);
}

TEST(protocols_are_chosen_in_the_servers_order) {
  struct Row {
    std::vector<std::string> ours, offered;
    std::optional<std::string> agreed;  // nullopt: refused
  };
  const Row rows[] = {
      {{"h2", "http/1.1"}, {"http/1.1", "h2"}, "h2"},
      {{"h2", "http/1.1"}, {"spdy/3", "http/1.1"}, "http/1.1"},
      {{"http/1.1"}, {}, ""},
      {{}, {"h2"}, std::nullopt},
      {{}, {}, ""},
      {{"http/1.1"}, {"h2", "h3"}, std::nullopt},
      {{"h2"}, {"h2c", "h"}, std::nullopt},
  };
  for (const Row& row : rows) {
    TlsFixture fixture;
    const TlsStreamPtr server = fixture.accept(*fixture.server_socket, fixture.server_session(row.ours));
    const TlsStreamPtr client = fixture.connect(*fixture.client_socket, fixture.client_session(row.offered));
    const Handshakes outcome = fixture.handshakes(*client, *server);
    CHECK_EQUAL(outcome.client.has_value(), row.agreed.has_value());
    CHECK_EQUAL(outcome.server.has_value(), row.agreed.has_value());
    if (row.agreed) {
      CHECK_EQUAL(client->alpn(), *row.agreed);
      CHECK_EQUAL(server->alpn(), *row.agreed);
    } else {
      CHECK_EQUAL(client->peer_alert(), alert_no_application_protocol);
      CHECK_EQUAL(outcome.client.error().kind, ErrorKind::tls);
      CHECK(outcome.client.error().reason.ends_with("the alert no application protocol"));
    }
  }
}

TEST(the_keys_of_the_key_exchange_are_gone_after_it) {
  using GetKey = long (*)(SSL*, EVP_PKEY**);
  const GetKey ours = [](SSL* ssl, EVP_PKEY** key) { return SSL_get_tmp_key(ssl, key); };
  const GetKey theirs = [](SSL* ssl, EVP_PKEY** key) { return SSL_get_peer_tmp_key(ssl, key); };
  const auto size_of = [](SSL* ssl, GetKey get, auto raw) {
    EVP_PKEY* key = nullptr;
    CHECK(get(ssl, &key) == 1 && key != nullptr);
    const crypto::PkeyPtr held(key);
    std::array<unsigned char, 64> bytes{};
    std::size_t size = bytes.size();
    if (raw(key, bytes.data(), &size) != 1) size = 0;
    ERR_clear_error();
    return size;
  };
  TlsFixture fixture;
  const TlsStreamPtr server = fixture.accept(*fixture.server_socket, fixture.server_session());
  ClientContext::Session session = fixture.client_session();
  SSL* ssl = nullptr;
  session.verify = [&](X509_STORE_CTX* presented) -> Result<void> {
    ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(presented, SSL_get_ex_data_X509_STORE_CTX_idx()));
    CHECK_EQUAL(size_of(ssl, ours, EVP_PKEY_get_raw_private_key), 32U);
    CHECK_EQUAL(size_of(ssl, theirs, EVP_PKEY_get_raw_public_key), 32U);
    X509_STORE_CTX_set_error(presented, X509_V_OK);
    return {};
  };
  const TlsStreamPtr client = fixture.connect(*fixture.client_socket, std::move(session));
  CHECK_OK(fixture.handshakes(*client, *server).client);
  CHECK_EQUAL(size_of(ssl, ours, EVP_PKEY_get_raw_private_key), 0U);
  CHECK_EQUAL(size_of(ssl, theirs, EVP_PKEY_get_raw_public_key), 0U);
}

TEST(a_chain_that_is_refused_ends_both_sides) {
  TlsFixture fixture;
  const TlsStreamPtr server = fixture.accept(*fixture.server_socket, fixture.server_session());
  ClientContext::Session session = fixture.client_session();
  session.verify = [](X509_STORE_CTX* presented) -> Result<void> {
    CHECK(X509_STORE_CTX_get0_cert(presented) != nullptr);
    X509_STORE_CTX_set_error(presented, X509_V_ERR_CERT_HAS_EXPIRED);
    return fail(ErrorKind::certificate, "the test does not like it");
  };
  const TlsStreamPtr client = fixture.connect(*fixture.client_socket, std::move(session));
  const Handshakes outcome = fixture.handshakes(*client, *server);
  CHECK(!outcome.client);
  CHECK_EQUAL(outcome.client.error().kind, ErrorKind::certificate);
  CHECK_EQUAL(outcome.client.error().reason, "the test does not like it");
  CHECK(client->error() == outcome.client.error());
  CHECK(!outcome.server);
  CHECK_EQUAL(outcome.server.error().kind, ErrorKind::tls);
  CHECK_EQUAL(outcome.server.error().reason, "TLS handshake: the peer ended it with the alert certificate expired");
  CHECK_EQUAL(server->peer_alert(), SSL_AD_CERTIFICATE_EXPIRED);
  CHECK_EQUAL(client->peer_alert(), -1);
}

TEST(a_leaf_that_cannot_be_had_ends_both_sides) {
  TlsFixture fixture;
  ServerContext::Session session = fixture.server_session();
  session.identity = []() -> Result<Identity> { return fail(ErrorKind::exhausted, "no key left"); };
  const TlsStreamPtr server = fixture.accept(*fixture.server_socket, std::move(session));
  const TlsStreamPtr client = fixture.connect(*fixture.client_socket, fixture.client_session());
  const Handshakes outcome = fixture.handshakes(*client, *server);
  CHECK(!outcome.server);
  CHECK_EQUAL(outcome.server.error().kind, ErrorKind::exhausted);
  CHECK_EQUAL(outcome.server.error().reason, "no key left");
  CHECK(!outcome.client);
  CHECK_EQUAL(client->peer_alert(), alert_internal_error);
}

TEST(versions_below_tls_1_2_are_refused_in_both_roles) {
  {
    TlsFixture fixture;
    const TlsStreamPtr server = fixture.accept(*fixture.server_socket, fixture.server_session());
    const TlsStreamPtr client = test::raw_client(*fixture.client_socket, TLS1_VERSION, TLS1_1_VERSION);
    const Handshakes outcome = fixture.handshakes(*client, *server);
    CHECK(!outcome.client && !outcome.server);
    CHECK_EQUAL(client->peer_alert(), alert_protocol_version);
  }
  TlsFixture fixture;
  const auto context = test::raw_server_context(fixture.leaf, TLS1_VERSION, TLS1_1_VERSION);
  const TlsStreamPtr server = test::raw_server(context.get(), *fixture.server_socket);
  const TlsStreamPtr client = fixture.connect(*fixture.client_socket, fixture.client_session());
  const Handshakes outcome = fixture.handshakes(*client, *server);
  CHECK(!outcome.client && !outcome.server);
  CHECK_EQUAL(client->peer_alert(), alert_protocol_version);
  CHECK_EQUAL(fixture.chains_judged, 0);
}

TEST(tls_1_2_is_spoken_in_both_roles_unless_forbidden) {
  TlsFixture fixture;
  {
    const TlsStreamPtr server = fixture.accept(*fixture.server_socket, fixture.server_session());
    const TlsStreamPtr client = test::raw_client(*fixture.client_socket, TLS1_2_VERSION, TLS1_2_VERSION);
    fixture.must_shake_hands(*client, *server);
    CHECK_EQUAL(server->version(), "TLSv1.2");
  }
  const auto context = test::raw_server_context(fixture.leaf, TLS1_2_VERSION, TLS1_2_VERSION);
  {
    fixture.reconnect();
    const TlsStreamPtr server = test::raw_server(context.get(), *fixture.server_socket);
    const TlsStreamPtr client = fixture.connect(*fixture.client_socket, fixture.client_session());
    fixture.must_shake_hands(*client, *server);
    CHECK_EQUAL(client->version(), "TLSv1.2");
  }
  fixture.reconnect();
  fixture.client = *ClientContext::create(MinVersion::tls13);
  const TlsStreamPtr server = test::raw_server(context.get(), *fixture.server_socket);
  const TlsStreamPtr client = fixture.connect(*fixture.client_socket, fixture.client_session());
  const Handshakes outcome = fixture.handshakes(*client, *server);
  CHECK(!outcome.client && !outcome.server);
}

TEST(peers_that_do_not_speak_tls_are_named_so) {
  struct Row {
    std::string said;
    bool ends;
    ErrorKind kind;
    std::string reason;
  };
  const Row rows[] = {
      {"HTTP/1.1 400 Bad Request\r\n\r\n", false, ErrorKind::tls, "wrong version number"},
      {std::string(100, '\0'), false, ErrorKind::tls, "TLS handshake: "},
      {"", true, ErrorKind::reset, "TLS handshake: the connection ended without close_notify"},
      {std::string("\x16\x03\x03", 3), true, ErrorKind::reset, "ended without close_notify"},
      {std::string("\x15\x03\x03\x00\x02\x02\x28", 7), true, ErrorKind::tls, "the alert handshake failure"},
  };
  for (const Row& row : rows) {
    TlsFixture fixture;
    const TlsStreamPtr client = fixture.connect(*fixture.client_socket, fixture.client_session());
    const Result<void> outcome = shake_with(fixture, *client, row.said, row.ends);
    CHECK(!outcome);
    CHECK_EQUAL(outcome.error().kind, row.kind);
    if (!outcome.error().reason.contains(row.reason)) CHECK_EQUAL(outcome.error().reason, row.reason);
    // What has failed stays failed, with the same reason.
    std::uint8_t byte = 0;
    CHECK_EQUAL(client->try_read({&byte, 1}).state, Attempt::State::failed);
    CHECK_EQUAL(client->try_write({&byte, 1}).state, Attempt::State::failed);
    CHECK(client->error() == outcome.error());
  }
}

TEST(a_silent_peer_ends_with_the_deadline) {
  TlsFixture fixture;
  const TlsStreamPtr client = fixture.connect(*fixture.client_socket, fixture.client_session());
  client->set_deadline(Clock::now() + milliseconds(5));
  const Result<void> outcome = shake_with(fixture, *client, "", false);
  CHECK(!outcome);
  CHECK_EQUAL(outcome.error().kind, ErrorKind::timed_out);
}

TEST(closing_resumes_a_waiting_handshake_with_the_reason) {
  TlsFixture fixture;
  const TlsStreamPtr client = fixture.connect(*fixture.client_socket, fixture.client_session());
  Result<void> outcome;
  fixture.run(shake_and_close(*client, outcome));
  CHECK(!outcome);
  CHECK_EQUAL(outcome.error().reason, "shutdown");
  CHECK(fixture.client_socket->closed());
}

TEST(a_server_name_that_cannot_be_sent_is_an_error) {
  TlsFixture fixture;
  ClientContext::Session session = fixture.client_session();
  session.server_name = std::string(300, 'a');
  CHECK(!fixture.client->connect(*fixture.client_socket, std::move(session)));
}

UNIT_MAIN(UNIT_TEST(both_roles_agree), UNIT_TEST(what_only_the_handshake_asks_for_ends_with_it),
          UNIT_TEST(protocols_are_chosen_in_the_servers_order),
          UNIT_TEST(the_keys_of_the_key_exchange_are_gone_after_it), UNIT_TEST(a_chain_that_is_refused_ends_both_sides),
          UNIT_TEST(a_leaf_that_cannot_be_had_ends_both_sides),
          UNIT_TEST(versions_below_tls_1_2_are_refused_in_both_roles),
          UNIT_TEST(tls_1_2_is_spoken_in_both_roles_unless_forbidden),
          UNIT_TEST(peers_that_do_not_speak_tls_are_named_so), UNIT_TEST(a_silent_peer_ends_with_the_deadline),
          UNIT_TEST(closing_resumes_a_waiting_handshake_with_the_reason),
          UNIT_TEST(a_server_name_that_cannot_be_sent_is_an_error))
