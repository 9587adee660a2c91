#include "sallyport/pki/mint.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include <time.h>

#include "sallyport/pki/certificate_names.hpp"

#include "check.hpp"
#include "openssl_as_in_daemon.hpp"
#include "test_ca.hpp"

using namespace sallyport;
using namespace sallyport::test;
using pki::IssuingCa;
using pki::LeafKey;
using pki::LeafPtr;
using pki::LeafRequest;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

const char* const host = "www.shop.example";

pki::RsaKeyPool& rsa_keys() {
  static pki::RsaKeyPool pool(2);
  // On a busy machine the first key may take longer than a client is made to wait for it.
  static const bool there = pool.take(std::chrono::minutes(1)).has_value();
  CHECK(there);
  return pool;
}

pki::IssuerPtr issuer_below(const Identity& root, IssuingCa mode) {
  auto issuer = pki::Issuer::create(load_ca(root), mode, hours(24), crypto::wall_clock());
  CHECK_OK(issuer);
  return *issuer;
}

const pki::IssuerPtr& direct() {
  static const pki::IssuerPtr issuer = issuer_below(make_root_with(nullptr), IssuingCa::no);
  return issuer;
}

Result<LeafPtr> try_mint(const LeafRequest& request, const pki::IssuerPtr& issuer = direct(),
                         std::chrono::sys_seconds now = crypto::wall_clock()) {
  return pki::mint(issuer, request, rsa_keys(), now);
}

LeafPtr minted(const LeafRequest& request, const pki::IssuerPtr& issuer = direct()) {
  auto leaf = try_mint(request, issuer);
  CHECK_OK(leaf);
  return *leaf;
}

LeafRequest named(const std::string& name) {
  LeafRequest request;
  request.names = {name};
  return request;
}

// OpenSSL's own verdict, with every strict check that it has, on the leaf as it arrives: through DER.
int strict_verdict(const pki::Leaf& leaf, X509* root, const char* name) {
  const crypto::X509StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root);
  unsigned char* der = nullptr;
  const int size = i2d_X509(leaf.certificate.get(), &der);
  const crypto::OpensslBytes owner(der);
  const unsigned char* at = der;
  const crypto::X509Ptr arrived(d2i_X509(nullptr, &at, size));
  const crypto::X509StoreCtxPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), arrived.get(), leaf.chain());
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_auth_level(rules, 2);
  X509_VERIFY_PARAM_set1_host(rules, name, 0);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

double thread_cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

// CPU seconds a leaf costs, over so many names.
double cost(const pki::IssuerPtr& issuer, int names) {
  const double start = thread_cpu_seconds();
  for (int i = 0; i < names; ++i) CHECK_OK(try_mint(named("n" + std::to_string(i) + ".example"), issuer));
  return (thread_cpu_seconds() - start) / names;
}

bool is_critical(const X509* certificate, int nid) {
  const int at = X509_get_ext_by_NID(certificate, nid, -1);
  CHECK(at >= 0);
  return X509_EXTENSION_get_critical(X509_get_ext(certificate, at)) == 1;
}

}  // namespace

TEST(D01_profile) {
  for (const IssuingCa mode : {IssuingCa::no, IssuingCa::yes}) {
    const auto issuer = issuer_below(make_root_with(nullptr), mode);
    const LeafPtr leaf = minted(named(host), issuer);
    X509* x = leaf->certificate.get();
    CHECK_EQUAL(X509_get_version(x), X509_VERSION_3);
    CHECK_EQUAL(X509_get_signature_nid(x), NID_ecdsa_with_SHA256);
    CHECK_EQUAL(X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(issuer->certificate())), 0);
    CHECK(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x), X509_get0_subject_key_id(issuer->certificate())) == 0);
    CHECK(ASN1_OCTET_STRING_cmp(X509_get0_subject_key_id(x), X509_get0_subject_key_id(issuer->certificate())) != 0);
    CHECK_EQUAL(strict_verdict(*leaf, issuer->ca()->certificate(), host), X509_V_OK);
    CHECK_EQUAL(strict_verdict(*leaf, issuer->ca()->certificate(), "www.bank.example"), X509_V_ERR_HOSTNAME_MISMATCH);
  }
}

TEST(D01_the_issuer_s_name_is_copied_byte_for_byte) {
  Spec spec{.common_name = "", .extensions = root_extensions()};
  spec.not_after = crypto::wall_clock() + hours(1000);
  spec.alter = [](X509* x) {  // string types that an encoder of today would not choose
    for (const int type : {V_ASN1_T61STRING, V_ASN1_BMPSTRING, V_ASN1_PRINTABLESTRING}) {
      X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_organizationName, type,
                                 reinterpret_cast<const unsigned char*>("A B "), 4, -1, 0);
    }
    X509_set_issuer_name(x, X509_get_subject_name(x));
  };
  const auto issuer = issuer_below(make(std::move(spec)), IssuingCa::no);
  const LeafPtr leaf = minted(named(host), issuer);
  const unsigned char* of_leaf = nullptr;
  const unsigned char* of_issuer = nullptr;
  std::size_t leaf_size = 0;
  std::size_t issuer_size = 0;
  X509_NAME_get0_der(X509_get_issuer_name(leaf->certificate.get()), &of_leaf, &leaf_size);
  X509_NAME_get0_der(X509_get_subject_name(issuer->certificate()), &of_issuer, &issuer_size);
  CHECK(std::equal(of_leaf, of_leaf + leaf_size, of_issuer, of_issuer + issuer_size));
}

TEST(D02_dates) {
  const auto now = crypto::wall_clock();
  const LeafPtr plain = minted(named(host));
  CHECK(plain->not_before >= now - hours(1) && plain->not_before <= now - hours(1) + seconds(5));
  CHECK(plain->not_after >= now + hours(24) && plain->not_after <= now + hours(24) + seconds(5));
  CHECK(crypto::not_before(plain->certificate.get()) == plain->not_before);
  CHECK(crypto::not_after(plain->certificate.get()) == plain->not_after);

  LeafRequest bounded = named(host);
  bounded.not_before = now - seconds(60);
  bounded.not_after = now + hours(2);
  CHECK(minted(bounded)->not_before == *bounded.not_before);
  CHECK(minted(bounded)->not_after == *bounded.not_after);
  bounded.not_before = now - hours(2000);
  bounded.not_after = now + hours(2000);
  CHECK(minted(bounded)->not_before >= now - hours(1));
  CHECK(minted(bounded)->not_after <= now + hours(24) + seconds(5));

  LeafRequest longest = named(host);
  longest.life = hours(400 * 24);
  const LeafPtr long_lived = minted(longest);
  CHECK(long_lived->not_after - long_lived->not_before == pki::max_leaf_life);
  const auto ending = issuer_below(make_root_with(nullptr, "critical,CA:TRUE", 1), IssuingCa::no);
  CHECK(minted(longest, ending)->not_after == ending->not_after());
}

TEST(D02_nothing_is_minted_for_a_life_that_is_over) {
  const auto now = crypto::wall_clock();
  LeafRequest over = named(host);
  over.not_after = now - seconds(1);
  CHECK(try_mint(over).error().kind == ErrorKind::certificate);
  LeafRequest early = named(host);
  early.not_before = now + hours(1);
  CHECK(try_mint(early).error().kind == ErrorKind::certificate);
  CHECK(!try_mint(named(host), direct(), direct()->not_after() + seconds(1)));
}

TEST(D03_usage) {
  const LeafPtr leaf = minted(named(host));
  X509* x = leaf->certificate.get();
  CHECK_EQUAL(X509_get_key_usage(x), static_cast<unsigned>(KU_DIGITAL_SIGNATURE));
  CHECK_EQUAL(X509_get_extended_key_usage(x), static_cast<unsigned>(XKU_SSL_SERVER));
  CHECK_EQUAL(X509_check_ca(x), 0);
  CHECK(is_critical(x, NID_key_usage));
  CHECK(is_critical(x, NID_basic_constraints));
  CHECK_EQUAL(X509_get_ext_count(x), 6);  // with SAN, AKI and SKI: nothing else, no SCT, no must-staple
}

TEST(D04_names) {
  const LeafPtr one = minted(named(host));
  CHECK(pki::names_in(one->certificate.get(), 9) == std::vector<std::string>{host});
  CHECK_EQUAL(crypto::text_of(X509_get_subject_name(one->certificate.get())), std::string("CN=") + host);
  CHECK(!is_critical(one->certificate.get(), NID_subject_alt_name));

  LeafRequest several;
  several.names = {"*.shop.example", "192.0.2.1", "2001:db8::1", "shop.example"};
  CHECK(pki::names_in(minted(several)->certificate.get(), 9) == several.names);
  CHECK(pki::certificate_names(minted(several)->certificate.get(), "2001:db8::1"));

  const LeafPtr address = minted(named("192.0.2.1"));
  CHECK(pki::certificate_names(address->certificate.get(), "192.0.2.1"));

  const std::string longest_cn = std::string(50, 'a') + ".shop1.example";  // 64 bytes
  CHECK_EQUAL(longest_cn.size(), 64U);
  CHECK_EQUAL(X509_NAME_entry_count(X509_get_subject_name(minted(named(longest_cn))->certificate.get())), 1);
  const LeafPtr too_long = minted(named("x" + longest_cn));
  CHECK_EQUAL(X509_NAME_entry_count(X509_get_subject_name(too_long->certificate.get())), 0);
  CHECK(is_critical(too_long->certificate.get(), NID_subject_alt_name));
  CHECK_EQUAL(strict_verdict(*too_long, direct()->certificate(), ("x" + longest_cn).c_str()), X509_V_OK);
}

TEST(D04_what_is_no_name_is_refused) {
  CHECK_OK(try_mint(named("under_score.shop.example")));
  for (const char* bad : {"", ".", "a..b", "a.b.", ".a", "A.example", "a b", "a\nb", "*", "*.", "a.*.b", "*a.b",
                          "b\xc3\xbc"
                          "cher.example"}) {
    CHECK(try_mint(named(bad)).error().kind == ErrorKind::malformed);
  }
  CHECK(!try_mint(named(std::string("a\0b", 3))));
  CHECK(!try_mint(named(std::string(64, 'a') + ".example")));
  CHECK(!try_mint(named(std::string(50, 'a') + "." + std::string(50, 'b') + "." + std::string(50, 'c') + "." +
                        std::string(50, 'd') + "." + std::string(50, 'e'))));
  LeafRequest many;
  CHECK(!try_mint(many));
  many.names.assign(pki::max_leaf_names, host);
  CHECK_OK(try_mint(many));
  many.names.emplace_back(host);
  CHECK(!try_mint(many));
}

TEST(D01_a_hundred_thousand_serials) {
  constexpr std::size_t mints = 100'000;
  std::set<std::vector<unsigned char>> serials;
  for (std::size_t i = 0; i < mints; ++i) {
    const LeafPtr leaf = minted(named(host));
    const ASN1_INTEGER* serial = X509_get0_serialNumber(leaf->certificate.get());
    CHECK_EQUAL(ASN1_STRING_type(serial), V_ASN1_INTEGER);  // never negative
    const unsigned char* bytes = ASN1_STRING_get0_data(serial);
    serials.emplace(bytes, bytes + ASN1_STRING_length(serial));
  }
  CHECK_EQUAL(serials.size(), mints);
}

TEST(D01_D05_a_thousand_serials_and_keys) {
  std::set<std::vector<unsigned char>> serials;
  std::set<crypto::Sha256> keys;
  bool high_bit = false;
  for (int i = 0; i < 1000; ++i) {
    const LeafPtr leaf = minted(named(host));
    const ASN1_INTEGER* serial = X509_get0_serialNumber(leaf->certificate.get());
    CHECK_EQUAL(ASN1_STRING_type(serial), V_ASN1_INTEGER);
    CHECK_EQUAL(ASN1_STRING_length(serial), 16);
    const unsigned char* bytes = ASN1_STRING_get0_data(serial);
    high_bit = high_bit || (bytes[0] & 0x80) != 0;
    serials.emplace(bytes, bytes + 16);
    keys.insert(crypto::public_key_fingerprint(leaf->certificate.get()));
    CHECK_EQUAL(X509_check_private_key(leaf->certificate.get(), leaf->key.get()), 1);
    CHECK_EQUAL(crypto::kind_of(leaf->key.get()), "P-256");
  }
  CHECK_EQUAL(serials.size(), 1000U);
  CHECK_EQUAL(keys.size(), 1000U);
  CHECK(high_bit);  // all 128 bits are random
  CHECK(!keys.contains(crypto::public_key_fingerprint(direct()->certificate())));
}

TEST(D05_rsa_for_clients_without_ecdsa) {
  LeafRequest request = named(host);
  request.key = LeafKey::rsa_2048;
  const auto rsa_root = make_root_with(crypto::PkeyPtr(EVP_RSA_gen(2048)));
  const auto issuer = issuer_below(rsa_root, IssuingCa::no);
  const LeafPtr leaf = minted(request, issuer);
  CHECK_EQUAL(crypto::kind_of(leaf->key.get()), "RSA-2048");
  CHECK_EQUAL(X509_get_signature_nid(leaf->certificate.get()), NID_sha256WithRSAEncryption);
  CHECK_EQUAL(X509_get_key_usage(leaf->certificate.get()), static_cast<unsigned>(KU_DIGITAL_SIGNATURE));
  CHECK_EQUAL(X509_check_private_key(leaf->certificate.get(), leaf->key.get()), 1);
  CHECK_EQUAL(strict_verdict(*leaf, rsa_root.get(), host), X509_V_OK);
}

// The key that came cheap into the certificate must sign, as a TLS handshake will have it do.
TEST(the_leaf_s_key_signs) {
  const LeafPtr leaf = minted(named(host));
  const unsigned char message[] = "CertificateVerify";
  unsigned char signature[256];
  std::size_t size = sizeof signature;
  const crypto::MdCtxPtr signer(EVP_MD_CTX_new());
  CHECK_EQUAL(EVP_DigestSignInit(signer.get(), nullptr, EVP_sha256(), nullptr, leaf->key.get()), 1);
  CHECK_EQUAL(EVP_DigestSign(signer.get(), signature, &size, message, sizeof message), 1);
  const crypto::MdCtxPtr verifier(EVP_MD_CTX_new());
  CHECK_EQUAL(
      EVP_DigestVerifyInit(verifier.get(), nullptr, EVP_sha256(), nullptr, X509_get0_pubkey(leaf->certificate.get())),
      1);
  CHECK_EQUAL(EVP_DigestVerify(verifier.get(), signature, size, message, sizeof message), 1);
}

TEST(an_issuer_without_key_identifier_still_mints) {
  Spec spec{.common_name = "Old Root", .extensions = with(root_extensions(), "subjectKeyIdentifier", "")};
  spec.not_after = crypto::wall_clock() + hours(1000);
  const Identity root = make(std::move(spec));
  const LeafPtr leaf = minted(named(host), issuer_below(root, IssuingCa::no));
  CHECK(X509_get0_authority_key_id(leaf->certificate.get()) != nullptr);
  const crypto::X509StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root.get());
  const crypto::X509StoreCtxPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf->certificate.get(), nullptr);
  CHECK_EQUAL(X509_verify_cert(context.get()), 1);
}

TEST(D06_the_openssl_command_accepts_it) {
  const TemporaryFolder folder;
  const Identity root = make_root_with(crypto::PkeyPtr(EVP_RSA_gen(2048)));
  const LeafPtr leaf = minted(named(host), issuer_below(root, IssuingCa::automatic));
  std::string chain;
  for (int i = 0; i < sk_X509_num(leaf->chain()); ++i) chain += pem_of(sk_X509_value(leaf->chain(), i));
  folder.write("root", pem_of(root.get()));
  folder.write("chain", chain);
  folder.write("leaf", pem_of(leaf->certificate.get()));
  const std::string verify = "openssl verify -x509_strict -auth_level 2 -purpose sslserver -CAfile " +
                             folder.path("root") + " -untrusted " + folder.path("chain") + " -verify_hostname ";
  const std::string of_leaf = " " + folder.path("leaf") + " >/dev/null 2>&1";
  CHECK_EQUAL(std::system((verify + host + of_leaf).c_str()), 0);
  CHECK(std::system((verify + "www.bank.example" + of_leaf).c_str()) != 0);
}

TEST(A8_below_an_rsa_4096_root_a_leaf_costs_what_it_costs_below_p256) {
  const Identity root = make_root_with(crypto::PkeyPtr(EVP_RSA_gen(4096)));
  const auto below_rsa = issuer_below(root, IssuingCa::automatic);
  const auto by_rsa = issuer_below(root, IssuingCa::no);
  cost(direct(), 100);  // first uses
  cost(below_rsa, 100);
  double p256 = 1;
  double rsa = 1;
  for (int round = 0; round < 4; ++round) {  // the best of each: what else runs on the machine only adds
    p256 = std::min(p256, cost(direct(), 500));
    rsa = std::min(rsa, cost(below_rsa, 500));
  }
  CHECK(rsa <= 1.3 * p256);
  CHECK(cost(by_rsa, 20) > 1.3 * p256);  // the control: without an issuing CA it would not hold
}

// At each handshake OpenSSL asks whether they belong together: for one object that is a matter of nothing.
TEST(D01_a_certificate_and_its_key_have_one_object) {
  for (const LeafKey kind : {LeafKey::ecdsa_p256, LeafKey::rsa_2048}) {
    LeafRequest request = named(host);
    request.key = kind;
    const LeafPtr leaf = minted(request);
    CHECK(X509_get0_pubkey(leaf->certificate.get()) == leaf->key.get());
    CHECK_EQUAL(X509_check_private_key(leaf->certificate.get(), leaf->key.get()), 1);
    // What is shown holds of it what everybody may know.
    const crypto::X509Ptr copy(X509_dup(leaf->certificate.get()));
    CHECK_EQUAL(EVP_PKEY_eq(X509_get0_pubkey(copy.get()), leaf->key.get()), 1);
  }
}

UNIT_MAIN(UNIT_TEST(A8_below_an_rsa_4096_root_a_leaf_costs_what_it_costs_below_p256), UNIT_TEST(D01_profile),
          UNIT_TEST(D01_a_certificate_and_its_key_have_one_object),
          UNIT_TEST(D01_the_issuer_s_name_is_copied_byte_for_byte), UNIT_TEST(D02_dates),
          UNIT_TEST(D02_nothing_is_minted_for_a_life_that_is_over), UNIT_TEST(D03_usage), UNIT_TEST(D04_names),
          UNIT_TEST(D04_what_is_no_name_is_refused), UNIT_TEST(D01_a_hundred_thousand_serials),
          UNIT_TEST(D01_D05_a_thousand_serials_and_keys), UNIT_TEST(D05_rsa_for_clients_without_ecdsa),
          UNIT_TEST(the_leaf_s_key_signs), UNIT_TEST(an_issuer_without_key_identifier_still_mints),
          UNIT_TEST(D06_the_openssl_command_accepts_it))
