// Origins that ask for a client certificate, and what they are shown.
#include "check.hpp"
#include "tls_fixture.hpp"

using namespace sallyport;

namespace {

// An origin that asks; it takes whatever comes, or insists on something.
struct AskingOrigin : test::TlsFixture {
  explicit AskingOrigin(int version, bool insists = false) : context(test::raw_server_context(leaf, version, version)) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | (insists ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       [](int, X509_STORE_CTX*) { return 1; });
    origin = test::raw_server(context.get(), *server_socket);
  }

  tls::ClientContext::Session showing(Result<tls::Identity> identity) {
    tls::ClientContext::Session session = client_session();
    session.identity = [this, identity = std::move(identity)] {
      chains_judged_when_asked = chains_judged;
      ++asked;
      return identity;
    };
    return session;
  }

  test::Identity customer = test::make_leaf("customer", root);
  crypto::SslCtxPtr context;
  test::TlsStreamPtr origin;
  int asked = 0;
  int chains_judged_when_asked = 0;
};

constexpr int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

}  // namespace

TEST(an_origin_that_asks_is_shown_the_identity) {
  for (const int version : versions) {
    AskingOrigin fixture(version, true);
    const test::Identity& customer = fixture.customer;
    const auto client =
        fixture.connect(*fixture.client_socket, fixture.showing(tls::Identity{customer.get(), customer.key.get()}));
    fixture.must_shake_hands(*client, *fixture.origin);
    CHECK_EQUAL(fixture.asked, 1);
    CHECK_EQUAL(X509_cmp(fixture.origin->peer_certificate(), customer.get()), 0);
  }
}

TEST(it_is_asked_only_once_the_origin_has_proved_itself) {
  for (const int version : versions) {
    AskingOrigin fixture(version);
    const auto client = fixture.connect(*fixture.client_socket, fixture.showing(tls::Identity{}));
    fixture.must_shake_hands(*client, *fixture.origin);
    CHECK_EQUAL(fixture.asked, 1);
    CHECK_EQUAL(fixture.chains_judged_when_asked, 1);
    CHECK(fixture.origin->peer_certificate() == nullptr);
  }
}

TEST(an_error_ends_the_handshake_with_its_reason) {
  for (const int version : versions) {
    AskingOrigin fixture(version);
    const auto client = fixture.connect(*fixture.client_socket, fixture.showing(fail(ErrorKind::tls, "not shown")));
    const test::Handshakes outcome = fixture.handshakes(*client, *fixture.origin);
    CHECK(!outcome.client);
    CHECK_EQUAL(outcome.client.error().reason, "not shown");
  }
}

TEST(without_the_callback_nothing_is_shown) {
  AskingOrigin fixture(TLS1_3_VERSION);
  const auto client = fixture.connect(*fixture.client_socket, fixture.client_session());
  fixture.must_shake_hands(*client, *fixture.origin);
  CHECK(fixture.origin->peer_certificate() == nullptr);
}

TEST(an_origin_that_does_not_ask_is_shown_nothing) {
  AskingOrigin fixture(TLS1_3_VERSION);
  const auto client = fixture.connect(*fixture.client_socket, fixture.showing(fail(ErrorKind::tls, "not shown")));
  const auto server = fixture.accept(*fixture.server_socket, fixture.server_session());
  fixture.must_shake_hands(*client, *server);
  CHECK_EQUAL(fixture.asked, 0);
}

UNIT_MAIN(UNIT_TEST(an_origin_that_asks_is_shown_the_identity),
          UNIT_TEST(it_is_asked_only_once_the_origin_has_proved_itself),
          UNIT_TEST(an_error_ends_the_handshake_with_its_reason), UNIT_TEST(without_the_callback_nothing_is_shown),
          UNIT_TEST(an_origin_that_does_not_ask_is_shown_nothing))
