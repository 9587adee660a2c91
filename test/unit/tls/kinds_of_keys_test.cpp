// Handshakes with leaves and client certificates of every kind, in either version, keys being used as the daemon does.
#include "sallyport/crypto/certificate.hpp"

#include "check.hpp"
#include "tls_fixture.hpp"

using namespace sallyport;

namespace {

constexpr int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
constexpr const char* kinds[] = {SN_X9_62_prime256v1, SN_secp384r1, SN_secp521r1, "RSA", "RSA-PSS", "Ed25519"};

// In TLS 1.2 a leaf's curve is one of the groups that are offered (RFC 8422 §5.1), which P-521 is not.
bool is_offered(int version, const char* kind) {
  return version >= TLS1_3_VERSION || std::string_view(kind) != SN_secp521r1;
}

crypto::PkeyPtr generated(const std::string& kind) {
  if (kind == "RSA") return crypto::PkeyPtr(EVP_RSA_gen(2048));
  if (kind == "RSA-PSS") return test::rsa_pss_key();
  if (kind == "Ed25519") return crypto::PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  return crypto::PkeyPtr(EVP_EC_gen(kind.c_str()));
}

// As the daemon comes by keys of others: out of PEM, in the form that direct() gives them.
crypto::PkeyPtr read_from_pem(EVP_PKEY* key) {
  const std::string pem = test::pem_of(key);
  const crypto::BioPtr reader(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return crypto::direct(crypto::PkeyPtr(PEM_read_bio_PrivateKey(reader.get(), nullptr, nullptr, nullptr)));
}

test::Identity leaf_of(crypto::PkeyPtr key, const test::Identity& issuer) {
  test::Spec spec{.common_name = "www.shop.example", .extensions = test::leaf_extensions("DNS:www.shop.example")};
  spec.key = std::move(key);
  return test::make(std::move(spec), &issuer);
}

}  // namespace

TEST(both_sides_show_keys_of_every_kind) {
  for (const int version : versions) {
    for (const char* kind : kinds) {
      if (!is_offered(version, kind)) continue;
      test::TlsFixture fixture;
      test::Identity shown = leaf_of(generated(kind), fixture.root);
      shown.key = read_from_pem(shown.key.get());
      const crypto::SslCtxPtr context = test::raw_server_context(shown, version, version);
      SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         [](int, X509_STORE_CTX*) { return 1; });
      const test::TlsStreamPtr origin = test::raw_server(context.get(), *fixture.server_socket);
      tls::ClientContext::Session session = fixture.client_session();
      session.identity = [&]() -> Result<tls::Identity> { return tls::Identity{shown.get(), shown.key.get()}; };
      const auto client = fixture.connect(*fixture.client_socket, std::move(session));
      fixture.must_shake_hands(*client, *origin);
      CHECK_EQUAL(X509_cmp(client->peer_certificate(), shown.get()), 0);
      CHECK_EQUAL(X509_cmp(origin->peer_certificate(), shown.get()), 0);
    }
  }
}

TEST(a_key_that_is_not_the_certificates_is_found_out) {
  for (const int version : versions) {
    for (const char* kind : {SN_X9_62_prime256v1, "RSA"}) {
      test::TlsFixture fixture;
      const test::Identity shown = leaf_of(generated(kind), fixture.root);
      const test::Identity other = leaf_of(generated(kind), fixture.root);
      const crypto::SslCtxPtr context = test::raw_server_context(other, version, version);
      // In the certificate callback OpenSSL sends what it is given together, whether or not it belongs together.
      SSL_CTX_set_cert_cb(
          context.get(),
          [](SSL* ssl, void* certificate) { return SSL_use_certificate(ssl, static_cast<X509*>(certificate)); },
          shown.get());
      const test::TlsStreamPtr origin = test::raw_server(context.get(), *fixture.server_socket);
      const auto client = fixture.connect(*fixture.client_socket, fixture.client_session());
      const test::Handshakes outcome = fixture.handshakes(*client, *origin);
      CHECK(!outcome.client || !outcome.server);
    }
  }
}

TEST(keys_are_agreed_on_over_p256) {
  for (const int version : versions) {
    test::TlsFixture fixture;
    const crypto::SslCtxPtr context = test::raw_server_context(fixture.leaf, version, version);
    SSL_CTX_set1_groups_list(context.get(), "P-256");
    const test::TlsStreamPtr origin = test::raw_server(context.get(), *fixture.server_socket);
    const auto client = fixture.connect(*fixture.client_socket, fixture.client_session());
    fixture.must_shake_hands(*client, *origin);
  }
}

UNIT_MAIN(UNIT_TEST(both_sides_show_keys_of_every_kind), UNIT_TEST(a_key_that_is_not_the_certificates_is_found_out),
          UNIT_TEST(keys_are_agreed_on_over_p256))
