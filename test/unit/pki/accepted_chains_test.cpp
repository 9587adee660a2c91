// A chain that was accepted is not verified again within minutes; whatever may have changed meanwhile is looked at.
#include "../../../src/pki/accepted_chains.hpp"

#include "upstream_judge.hpp"

using namespace sallyport;
using namespace sallyport::test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const auto now = crypto::wall_clock();

// A leaf for `host`, valid from an hour ago and for `life` from now, below an intermediate of a trusted root.
struct Shop {
  explicit Shop(seconds life = hours(24))
      : leaf(make({.common_name = host,
                   .extensions = leaf_extensions(std::string("DNS:") + host),
                   .not_before = now - hours(1),
                   .not_after = now + life},
                  &intermediate)) {}

  [[nodiscard]] std::string judged(std::chrono::sys_seconds when = now, std::string_view name = host) const {
    return judge(*trust, leaf.get(), {intermediate.get()}, name, when);
  }
  [[nodiscard]] std::uint64_t known() const { return trust->known_chains_met(); }

  Identity intermediate = make_intermediate("Test Issuer", ground().root);
  Identity leaf;
  pki::TrustStorePtr trust = ground().trusting({ground().root.get()});
};

}  // namespace

TEST(a_chain_is_verified_once) {
  const Shop shop;
  CHECK_EQUAL(shop.judged(), "accepted");
  CHECK_EQUAL(shop.known(), 0U);
  CHECK_EQUAL(shop.judged(), "accepted");
  CHECK_EQUAL(shop.known(), 1U);
}

TEST(its_key_is_the_digest_of_each_certificate_in_order) {
  const Shop shop;
  std::string expected;
  const auto expect = [&expected](const X509* certificate) {
    std::string digest(32, '\0');
    CHECK_EQUAL(X509_digest(certificate, EVP_sha256(), reinterpret_cast<unsigned char*>(digest.data()), nullptr), 1);
    expected += digest;
  };
  const BorrowedStack as_in_a_session({shop.leaf.get(), shop.intermediate.get()});
  for (X509* one : {shop.leaf.get(), shop.leaf.get(), shop.intermediate.get()}) expect(one);
  CHECK(pki::AcceptedChains::key_of(shop.leaf.get(), as_in_a_session.stack) == expected);
  CHECK(pki::AcceptedChains::key_of(shop.leaf.get(), nullptr) == expected.substr(0, 32));
}

TEST(what_is_known_of_it_stays_the_same) {
  const Shop shop;
  const BorrowedStack others({shop.intermediate.get()});
  const auto first = shop.trust->verify(shop.leaf.get(), others.stack, host, now);
  const auto second = shop.trust->verify(shop.leaf.get(), others.stack, host, now);
  CHECK_EQUAL(shop.known(), 1U);
  CHECK(first->leaf_not_before == second->leaf_not_before && first->leaf_not_after == second->leaf_not_after);
  CHECK(first->not_after == second->not_after && first->trust_generation == second->trust_generation);
  CHECK(first->leaf_fingerprint == second->leaf_fingerprint);
  CHECK(second->leaf_fingerprint == crypto::fingerprint(shop.leaf.get()));
}

TEST(the_name_is_looked_at_each_time) {
  const Shop shop;
  CHECK_EQUAL(shop.judged(), "accepted");
  check_refused("another name", shop.judged(now, "other.example"), "host name mismatch");
  CHECK_EQUAL(shop.known(), 1U);
  CHECK_EQUAL(shop.judged(), "accepted");
}

TEST(a_chain_that_ends_meanwhile_is_refused) {
  const Shop shop(seconds(30));
  CHECK_EQUAL(shop.judged(), "accepted");
  CHECK_EQUAL(shop.judged(now + seconds(29)), "accepted");
  CHECK_EQUAL(shop.known(), 1U);
  check_refused("it has ended", shop.judged(now + seconds(30)), "certificate has expired");
  CHECK_EQUAL(shop.known(), 1U);
}

TEST(a_chain_is_forgotten_after_minutes_and_when_the_clock_goes_back) {
  const Shop shop;
  CHECK_EQUAL(shop.judged(), "accepted");
  CHECK_EQUAL(shop.judged(now + minutes(3) - seconds(1)), "accepted");
  CHECK_EQUAL(shop.known(), 1U);
  CHECK_EQUAL(shop.judged(now + minutes(3)), "accepted");
  CHECK_EQUAL(shop.known(), 1U);
  CHECK_EQUAL(shop.judged(now), "accepted");
  CHECK_EQUAL(shop.known(), 1U);
  check_refused("not valid yet", shop.judged(now - hours(2)), "not yet valid");
}

TEST(what_is_refused_is_judged_each_time) {
  const Shop shop;
  for (int time = 0; time < 3; ++time) {
    check_refused("without the intermediate", judge(*shop.trust, shop.leaf.get(), {}, host, now), "issuer");
  }
  CHECK_EQUAL(shop.known(), 0U);
  CHECK_EQUAL(shop.judged(), "accepted");
  check_refused("without it, after it was accepted with it", judge(*shop.trust, shop.leaf.get(), {}, host, now),
                "issuer");
  CHECK_EQUAL(shop.known(), 0U);
}

TEST(another_leaf_of_the_same_name_is_another_chain) {
  const Shop shop;
  CHECK_EQUAL(shop.judged(), "accepted");
  const Identity twin = make_leaf(host, shop.intermediate);
  CHECK_EQUAL(judge(*shop.trust, twin.get(), {shop.intermediate.get()}), "accepted");
  CHECK_EQUAL(shop.known(), 0U);
  const Identity stranger = make_leaf(host, make_root("Test Root"));
  check_refused("of an untrusted twin of the root", judge(*shop.trust, stranger.get()), "");
}

TEST(other_roots_know_nothing_of_it) {
  const Shop shop;
  CHECK_EQUAL(shop.judged(), "accepted");
  const Identity other_root = make_root("Other Root");
  const pki::TrustStorePtr reloaded = ground().trusting({other_root.get()});
  check_refused("after a reload", judge(*reloaded, shop.leaf.get(), {shop.intermediate.get()}), "issuer");
}

TEST(a_chain_with_many_certificates_is_not_remembered) {
  const Shop shop;
  const std::vector<X509*> few(16, shop.intermediate.get());
  const std::vector<X509*> many(17, shop.intermediate.get());
  for (const auto* others : {&few, &few, &many, &many}) {
    CHECK_EQUAL(judge(*shop.trust, shop.leaf.get(), *others), "accepted");
  }
  CHECK_EQUAL(shop.known(), 1U);
}

UNIT_MAIN(UNIT_TEST(a_chain_is_verified_once), UNIT_TEST(its_key_is_the_digest_of_each_certificate_in_order),
          UNIT_TEST(what_is_known_of_it_stays_the_same), UNIT_TEST(the_name_is_looked_at_each_time),
          UNIT_TEST(a_chain_that_ends_meanwhile_is_refused),
          UNIT_TEST(a_chain_is_forgotten_after_minutes_and_when_the_clock_goes_back),
          UNIT_TEST(what_is_refused_is_judged_each_time), UNIT_TEST(another_leaf_of_the_same_name_is_another_chain),
          UNIT_TEST(other_roots_know_nothing_of_it), UNIT_TEST(a_chain_with_many_certificates_is_not_remembered))
