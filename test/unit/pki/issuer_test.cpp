#include "sallyport/pki/issuer.hpp"

#include "check.hpp"
#include "test_ca.hpp"

using namespace sallyport;
using namespace sallyport::test;
using pki::Issuer;
using pki::IssuingCa;
using std::chrono::hours;

namespace {

const Identity& rsa_root() {
  static const Identity root = make_root_with(crypto::PkeyPtr(EVP_RSA_gen(2048)));
  return root;
}

pki::IssuerPtr issuer_of(const pki::CaPtr& ca, IssuingCa mode, std::chrono::seconds leaf_life = hours(24)) {
  auto issuer = Issuer::create(ca, mode, leaf_life, crypto::wall_clock());
  CHECK_OK(issuer);
  return *issuer;
}

}  // namespace

TEST(automatic_puts_an_issuing_ca_below_rsa_roots_only) {
  const pki::CaPtr rsa = load_ca(rsa_root());
  CHECK(issuer_of(rsa, IssuingCa::automatic)->is_issuing_ca());
  CHECK(issuer_of(rsa, IssuingCa::yes)->is_issuing_ca());
  CHECK(!issuer_of(rsa, IssuingCa::no)->is_issuing_ca());
  const pki::CaPtr ec = load_ca(make_root_with(nullptr));
  CHECK(!issuer_of(ec, IssuingCa::automatic)->is_issuing_ca());
  CHECK(issuer_of(ec, IssuingCa::yes)->is_issuing_ca());
}

TEST(a_root_without_room_below_it_signs_leaves_itself) {
  const pki::CaPtr narrow = load_ca(make_root_with(nullptr, "critical,CA:TRUE,pathlen:0"));
  CHECK(!issuer_of(narrow, IssuingCa::yes)->is_issuing_ca());
  const pki::CaPtr wide = load_ca(make_root_with(nullptr, "critical,CA:TRUE,pathlen:1"));
  CHECK(issuer_of(wide, IssuingCa::yes)->is_issuing_ca());
}

TEST(E04_the_issuing_ca_is_a_strict_intermediate) {
  const pki::CaPtr ca = load_ca(rsa_root());
  const auto issuer = issuer_of(ca, IssuingCa::yes);
  X509* made = issuer->certificate();
  CHECK_EQUAL(crypto::kind_of(issuer->key()), "P-256");
  CHECK_EQUAL(X509_get_pathlen(made), 0);
  CHECK_EQUAL(X509_get_key_usage(made), static_cast<unsigned>(KU_KEY_CERT_SIGN | KU_CRL_SIGN));
  CHECK_EQUAL(X509_get_extended_key_usage(made), static_cast<unsigned>(XKU_SSL_SERVER));
  CHECK(X509_NAME_cmp(X509_get_issuer_name(made), X509_get_subject_name(ca->certificate())) == 0);
  CHECK(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(made), X509_get0_subject_key_id(ca->certificate())) == 0);
  CHECK_EQUAL(X509_verify(made, ca->key()), 1);
  CHECK_EQUAL(sk_X509_num(issuer->chain()), 1);
  CHECK(sk_X509_value(issuer->chain(), 0) == made);
}

TEST(each_issuing_ca_has_a_subject_key_and_generation_of_its_own) {
  const pki::CaPtr ca = load_ca(rsa_root());
  const auto one = issuer_of(ca, IssuingCa::yes);
  const auto two = issuer_of(ca, IssuingCa::yes);
  CHECK(X509_NAME_cmp(X509_get_subject_name(one->certificate()), X509_get_subject_name(two->certificate())) != 0);
  CHECK(EVP_PKEY_eq(one->key(), two->key()) != 1);
  CHECK(one->generation() != two->generation());
}

TEST(life_is_a_week_or_twice_the_leaf_s_within_the_root_s) {
  const auto now = crypto::wall_clock();
  const pki::CaPtr ca = load_ca(rsa_root());
  CHECK(issuer_of(ca, IssuingCa::yes)->not_after() >= now + hours(7 * 24));
  CHECK(issuer_of(ca, IssuingCa::yes, hours(199 * 24))->not_after() > now + hours(2 * 199 * 24));
  const pki::CaPtr ending = load_ca(make_root_with(nullptr, "critical,CA:TRUE", 3));
  const auto issuer = issuer_of(ending, IssuingCa::yes);
  CHECK(issuer->not_after() == crypto::not_after(ending->certificate()));
  CHECK(!issuer->renewal_due(issuer->not_after()));  // a new one would not live longer
  CHECK(crypto::not_before(issuer->certificate()) >= crypto::not_before(ending->certificate()));
}

TEST(renewed_at_half_its_life) {
  const auto now = crypto::wall_clock();
  const pki::CaPtr ca = load_ca(rsa_root());
  const auto first = issuer_of(ca, IssuingCa::yes);
  pki::IssuerSource source(first, IssuingCa::yes, hours(24));
  CHECK(!*source.renew_if_due(now + hours(83)));
  CHECK(source.current() == first);
  CHECK(*source.renew_if_due(now + hours(85)));
  CHECK(source.current() != first);
  CHECK(source.current()->not_after() >= now + hours(85 + 7 * 24));
  CHECK(!*source.renew_if_due(now + hours(86)));
}

TEST(the_chain_ends_at_the_root_and_leaves_it_out) {
  const Identity& root = rsa_root();
  const Identity middle = make_intermediate("Middle", root);
  const Identity own = make_intermediate("Own", middle);
  const auto length = [](const pki::IssuerPtr& issuer) { return sk_X509_num(issuer->chain()); };
  CHECK_EQUAL(length(issuer_of(load_ca(root), IssuingCa::no)), 0);
  CHECK_EQUAL(length(issuer_of(load_ca(own), IssuingCa::no)), 1);
  CHECK_EQUAL(length(issuer_of(load_ca(own), IssuingCa::yes)), 2);
  CHECK_EQUAL(length(issuer_of(load_ca(own, pem_of(middle.get())), IssuingCa::yes)), 3);
  CHECK_EQUAL(length(issuer_of(load_ca(own, pem_of(middle.get()) + pem_of(root.get())), IssuingCa::yes)), 4);
}

UNIT_MAIN(UNIT_TEST(automatic_puts_an_issuing_ca_below_rsa_roots_only),
          UNIT_TEST(a_root_without_room_below_it_signs_leaves_itself),
          UNIT_TEST(E04_the_issuing_ca_is_a_strict_intermediate),
          UNIT_TEST(each_issuing_ca_has_a_subject_key_and_generation_of_its_own),
          UNIT_TEST(life_is_a_week_or_twice_the_leaf_s_within_the_root_s), UNIT_TEST(renewed_at_half_its_life),
          UNIT_TEST(the_chain_ends_at_the_root_and_leaves_it_out))
