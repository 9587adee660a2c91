// Sessions to which the same certificates were presented keep one object for each of them.
#include <openssl/err.h>

#include "upstream_judge.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

// One session with an origin that presents `leaf` below `issuer`, verified by `trust`, over memory.
struct Visit {
  Visit(const pki::TrustStore& trust, const Identity& leaf, const Identity& issuer, std::string name = host)
      : judge{&trust, std::move(name)} {
    SSL_CTX_use_certificate(server_context.get(), leaf.get());
    SSL_CTX_use_PrivateKey(server_context.get(), leaf.key.get());
    SSL_CTX_add1_chain_cert(server_context.get(), issuer.get());
    SSL_CTX_set_verify(client_context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(client_context.get(), &Judge::call, &judge);
    client.reset(SSL_new(client_context.get()));
    server.reset(SSL_new(server_context.get()));
    BIO* one = nullptr;
    BIO* other = nullptr;
    require(BIO_new_bio_pair(&one, 0, &other, 0) == 1, "a pair");
    SSL_set_bio(client.get(), one, one);
    SSL_set_bio(server.get(), other, other);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    for (int step = 0; step < 8; ++step) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    ERR_clear_error();
  }
  ~Visit() { SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  [[nodiscard]] bool accepted() const { return SSL_is_init_finished(client.get()) == 1; }
  [[nodiscard]] X509* certificate(int at) const { return sk_X509_value(SSL_get_peer_cert_chain(client.get()), at); }

  struct Judge {
    static int call(X509_STORE_CTX* presented, void* self) {
      const auto& judge = *static_cast<Judge*>(self);
      return judge.trust->verify(presented, judge.name) ? 1 : 0;
    }
    const pki::TrustStore* trust;
    std::string name;
  };
  Judge judge;
  crypto::SslCtxPtr server_context{SSL_CTX_new(TLS_server_method())};
  crypto::SslCtxPtr client_context{SSL_CTX_new(TLS_client_method())};
  crypto::SslPtr client;
  crypto::SslPtr server;
};

struct Shop {
  Identity issuer = make_intermediate("Test Issuer", ground().root);
  Identity leaf = make_leaf(host, issuer);
  Identity twin = make_leaf(host, issuer);
};

}  // namespace

TEST(the_same_certificates_are_the_same_objects) {
  const Shop shop;
  const pki::TrustStorePtr trust = ground().trusting({ground().root.get()});
  const auto first = std::make_unique<Visit>(*trust, shop.leaf, shop.issuer);
  const Visit second(*trust, shop.leaf, shop.issuer);
  CHECK(first->accepted() && second.accepted());
  CHECK(first->certificate(0) == second.certificate(0));
  CHECK(first->certificate(1) == second.certificate(1));
  CHECK(SSL_get0_peer_certificate(second.client.get()) == second.certificate(0));
  CHECK(X509_cmp(second.certificate(0), shop.leaf.get()) == 0 && second.certificate(0) != shop.leaf.get());
}

TEST(they_outlive_whoever_brought_them) {
  const Shop shop;
  auto trust = ground().trusting({ground().root.get()});
  auto first = std::make_unique<Visit>(*trust, shop.leaf, shop.issuer);
  const Visit second(*trust, shop.leaf, shop.issuer);
  first.reset();
  trust.reset();
  CHECK(X509_cmp(second.certificate(0), shop.leaf.get()) == 0);
  CHECK(X509_cmp(second.certificate(1), shop.issuer.get()) == 0);
}

TEST(another_certificate_of_the_same_name_is_another_object) {
  const Shop shop;
  const pki::TrustStorePtr trust = ground().trusting({ground().root.get()});
  const Visit first(*trust, shop.leaf, shop.issuer);
  const Visit second(*trust, shop.twin, shop.issuer);
  CHECK(first.accepted() && second.accepted());
  CHECK(X509_cmp(second.certificate(0), shop.twin.get()) == 0);
  CHECK(first.certificate(1) == second.certificate(1));
}

TEST(what_is_refused_is_not_shared) {
  const Shop shop;
  const pki::TrustStorePtr trust = ground().trusting({ground().root.get()});
  const Visit first(*trust, shop.leaf, shop.issuer);
  const Visit second(*trust, shop.leaf, shop.issuer, "other.example");
  CHECK(first.accepted() && !second.accepted());
}

TEST(many_certificates_are_not_kept_for_ever) {
  const Shop shop;
  const pki::TrustStorePtr trust = ground().trusting({ground().root.get()});
  const Visit first(*trust, shop.leaf, shop.issuer);
  crypto::X509Ptr early = crypto::up_ref(first.certificate(1));
  for (int at = 0; at < 520; ++at) CHECK(Visit(*trust, make_leaf(host, shop.issuer), shop.issuer).accepted());
  const Visit last(*trust, shop.leaf, shop.issuer);
  CHECK(last.accepted());
  CHECK(last.certificate(1) != early.get());
}

UNIT_MAIN(UNIT_TEST(the_same_certificates_are_the_same_objects), UNIT_TEST(they_outlive_whoever_brought_them),
          UNIT_TEST(another_certificate_of_the_same_name_is_another_object), UNIT_TEST(what_is_refused_is_not_shared),
          UNIT_TEST(many_certificates_are_not_kept_for_ever))
