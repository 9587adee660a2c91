// Each suite of TLS 1.3 with a peer that derives its keys by OpenSSL's own key schedule: what both sides work out
// agrees.
#include "check.hpp"
#include "tls_fixture.hpp"

using namespace sallyport;

namespace {

constexpr const char* suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};

}  // namespace

TEST(towards_origins) {
  for (const char* suite : suites) {
    test::TlsFixture fixture;
    const crypto::SslCtxPtr context = test::raw_server_context(fixture.leaf, TLS1_3_VERSION, TLS1_3_VERSION);
    CHECK_EQUAL(SSL_CTX_set_ciphersuites(context.get(), suite), 1);
    const test::TlsStreamPtr origin = test::raw_server(context.get(), *fixture.server_socket);
    const auto client = fixture.connect(*fixture.client_socket, fixture.client_session());
    fixture.must_shake_hands(*client, *origin);
    CHECK_EQUAL(client->cipher(), suite);
  }
}

TEST(towards_clients) {
  for (const char* suite : suites) {
    test::TlsFixture fixture;
    const crypto::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
    CHECK_EQUAL(SSL_CTX_set_ciphersuites(context.get(), suite), 1);
    crypto::SslPtr ssl(SSL_new(context.get()));
    SSL_set_connect_state(ssl.get());
    tls::TlsStream client(std::move(ssl), *fixture.client_socket, tls::Callbacks());
    const auto server = fixture.accept(*fixture.server_socket, fixture.server_session());
    fixture.must_shake_hands(client, *server);
    CHECK_EQUAL(server->cipher(), suite);
  }
}

UNIT_MAIN(UNIT_TEST(towards_origins), UNIT_TEST(towards_clients))
