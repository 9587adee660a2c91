// TlsFixture: both roles of TLS in one process, over streams of the test's choice.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/tls/client_context.hpp"
#include "sallyport/tls/server_context.hpp"

#include "certificate_factory.hpp"
#include "loop_fixture.hpp"
#include "openssl_as_in_daemon.hpp"
#include "stream_steps.hpp"

namespace sallyport::test {

using TlsStreamPtr = std::unique_ptr<tls::TlsStream>;

// What the two handshakes came to.
struct Handshakes {
  Result<void> client, server;
};

inline io::Task<void> shake(tls::TlsStream& stream, Result<void>& outcome) { outcome = co_await stream.handshake(); }

inline io::Task<void> shake_hands(tls::TlsStream& client, tls::TlsStream& server, Handshakes& outcome) {
  io::StartedTask<void> serving(shake(server, outcome.server));
  co_await shake(client, outcome.client);
  co_await serving.join();
}

struct TlsFixture : LoopFixture {
  TlsFixture() {
    keys = *tls::TicketKeys::generate();
    server = *tls::ServerContext::create({.ticket_keys = keys});
    client = *tls::ClientContext::create(tls::MinVersion::tls12);
    std::tie(client_socket, server_socket) = stream_pair();
  }

  // New sockets, with new streams to be put upon them.
  void reconnect() { std::tie(client_socket, server_socket) = stream_pair(); }

  tls::ServerContext::Session server_session(std::vector<std::string> alpn = {}, std::string scope = "scope") {
    return {.identity = [this]() -> Result<tls::Identity> {
              ++identities_asked;
              return tls::Identity{leaf.get(), leaf.key.get(), nullptr};
            },
            .alpn = std::move(alpn),
            .resumption_scope = std::move(scope)};
  }

  tls::ClientContext::Session client_session(std::vector<std::string> alpn = {}) {
    return {.server_name = "www.shop.example",
            .alpn = std::move(alpn),
            .resume = nullptr,
            .verify = [this](X509_STORE_CTX*) -> Result<void> {
              ++chains_judged;
              return {};
            },
            .new_session = [this](crypto::SslSessionPtr session) { sessions.push_back(std::move(session)); }};
  }

  TlsStreamPtr accept(io::Stream& below, tls::ServerContext::Session session) const {
    auto stream = server->accept(below, std::move(session));
    CHECK_OK(stream);
    return std::move(*stream);
  }
  TlsStreamPtr connect(io::Stream& below, tls::ClientContext::Session session) const {
    auto stream = client->connect(below, std::move(session));
    CHECK_OK(stream);
    return std::move(*stream);
  }

  Handshakes handshakes(tls::TlsStream& client_side, tls::TlsStream& server_side) {
    Handshakes outcome;
    run(shake_hands(client_side, server_side, outcome));
    return outcome;
  }
  void must_shake_hands(tls::TlsStream& client_side, tls::TlsStream& server_side) {
    const Handshakes outcome = handshakes(client_side, server_side);
    CHECK_OK(outcome.client);
    CHECK_OK(outcome.server);
  }

  Identity root = make_root("Test Root");
  Identity leaf = make_leaf("www.shop.example", root);
  std::shared_ptr<const tls::TicketKeys> keys;
  std::unique_ptr<tls::ServerContext> server;
  std::unique_ptr<tls::ClientContext> client;
  std::unique_ptr<io::FdStream> client_socket, server_socket;

  int identities_asked = 0;
  int chains_judged = 0;
  std::vector<crypto::SslSessionPtr> sessions;
};

// A peer that is OpenSSL with its own defaults but for the versions; it believes every chain, and as a server it
// shows `identity`.
inline TlsStreamPtr raw_client(io::Stream& below, int lowest_version, int highest_version) {
  const crypto::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), lowest_version);
  SSL_CTX_set_max_proto_version(context.get(), highest_version);
  crypto::SslPtr ssl(SSL_new(context.get()));
  SSL_set_connect_state(ssl.get());
  return std::make_unique<tls::TlsStream>(std::move(ssl), below, tls::Callbacks());
}

inline crypto::SslCtxPtr raw_server_context(const Identity& identity, int lowest_version, int highest_version) {
  crypto::SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), lowest_version);
  SSL_CTX_set_max_proto_version(context.get(), highest_version);
  SSL_CTX_use_certificate(context.get(), identity.get());
  SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
  return context;
}

inline TlsStreamPtr raw_server(SSL_CTX* context, io::Stream& below) {
  crypto::SslPtr ssl(SSL_new(context));
  SSL_set_accept_state(ssl.get());
  return std::make_unique<tls::TlsStream>(std::move(ssl), below, tls::Callbacks());
}

}  // namespace sallyport::test
