// What is written as a leaf's DER is, byte for byte, what OpenSSL makes of the same contents. Here keys are used by way
// of OpenSSL's providers: mint_test.cpp has them used directly.
#include "../../../src/pki/leaf_encoding.hpp"

#include <openssl/asn1.h>

#include "sallyport/crypto/encoded.hpp"
#include "sallyport/pki/certificate_names.hpp"

#include "../../../src/pki/certificate_builder.hpp"
#include "../../../src/pki/der.hpp"
#include "../../../src/pki/p256_key.hpp"
#include "check.hpp"
#include "test_ca.hpp"

using namespace sallyport;
using namespace sallyport::test;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

namespace {

using Names = std::vector<std::string>;

pki::IssuerPtr issuer_with(crypto::PkeyPtr key) {
  auto issuer = pki::Issuer::create(load_ca(make_root_with(std::move(key))), pki::IssuingCa::no, std::chrono::hours(24),
                                    crypto::wall_clock());
  CHECK_OK(issuer);
  return *issuer;
}

// The first element of a certificate, which is what its issuer signs.
pki::Der signed_part(const X509* certificate) {
  const pki::Der whole = crypto::encoded<i2d_X509>(certificate);
  const unsigned char* at = whole.data();
  long size = 0;
  int tag = 0;
  int kind = 0;
  ASN1_get_object(&at, &size, &tag, &kind, static_cast<long>(whole.size()));
  const unsigned char* const begin = at;
  ASN1_get_object(&at, &size, &tag, &kind, whole.data() + whole.size() - at);
  return {begin, at + size};
}

// The same leaf, with the same serial number, from OpenSSL's own parts.
pki::Der by_openssl(const pki::Issuer& issuer, const pki::LeafContents& contents, EVP_PKEY* key,
                    const ASN1_INTEGER* serial) {
  std::string names;
  for (const std::string& name : contents.names) {
    names += (names.empty() ? "" : ",") +
             std::string(name.find_first_not_of("0123456789.:abcdef") == std::string::npos ? "IP:" : "DNS:") + name;
  }
  const bool named = contents.names.front().size() <= 64;
  X509V3_CTX context{};
  X509V3_set_ctx(&context, nullptr, nullptr, nullptr, nullptr, 0);
  const crypto::X509ExtensionPtr alternatives(
      X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, ((named ? "" : "critical,") + names).c_str()));
  pki::CertificateBuilder builder;
  X509_set_serialNumber(builder.get(), const_cast<ASN1_INTEGER*>(serial));
  if (named) builder.common_name(contents.names.front());
  builder.issuer(X509_get_subject_name(issuer.certificate()))
      .validity(contents.from, contents.to)
      .public_key(key)
      .extension(pki::basic_constraints(false, -1).get())
      .extension(pki::key_usage(KU_DIGITAL_SIGNATURE).get())
      .extension(pki::server_auth().get())
      .extension(alternatives.get())
      .extension(pki::authority_key_identifier(issuer.certificate()).get())
      .subject_key_identifier();
  const auto built = builder.finish(issuer.key());
  CHECK_OK(built);
  return signed_part(built->get());
}

void check_alike(const pki::Issuer& issuer, const Names& names, EVP_PKEY* key, sys_seconds from, sys_seconds to) {
  const pki::LeafContents contents{names, from, to};
  const auto written = pki::make_leaf_certificate(issuer, contents, key);
  CHECK_OK(written);
  CHECK(signed_part(written->get()) == by_openssl(issuer, contents, key, X509_get0_serialNumber(written->get())));
  CHECK_EQUAL(X509_verify(written->get(), issuer.key()), 1);
}

sys_seconds at(int in_year) { return sys_days(year(in_year) / 7 / 9) + std::chrono::seconds(3723); }

}  // namespace

TEST(names_of_every_kind_and_length) {
  const auto issuer = issuer_with(nullptr);
  const crypto::PkeyPtr key = pki::new_p256_key();
  const std::string label(60, 'x');
  const std::string long_name = label + "." + label + "." + label + "." + label + ".example";
  Names hundred;
  for (int i = 0; i < 100; ++i) hundred.push_back(std::to_string(i) + "." + long_name.substr(5));
  for (const Names& names : {Names{"www.shop.example"}, Names{"*.shop.example", "192.0.2.1", "2001:db8::1"},
                             Names{"192.0.2.1"}, Names{std::string(50, 'a') + ".shop1.example"},
                             Names{std::string(51, 'a') + ".shop1.example"}, Names{long_name}, hundred}) {
    // Serial numbers with a high bit and without.
    for (int i = 0; i < 16; ++i) check_alike(*issuer, names, key.get(), at(2026), at(2027));
  }
  // Every length of content near those at which the length's own length changes.
  const std::string two_labels = label + "." + label + ".";
  for (std::size_t size = 1; size < 60; ++size) {
    const std::string some(size, 'z');
    check_alike(*issuer, {some + ".example", two_labels + some}, key.get(), at(2026), at(2027));
  }
}

TEST(keys_and_issuers_of_every_kind) {
  const crypto::PkeyPtr p384(EVP_EC_gen(SN_secp384r1));
  for (const auto& issuer : {issuer_with(nullptr), issuer_with(crypto::up_ref(p384.get())),
                             issuer_with(crypto::PkeyPtr(EVP_RSA_gen(2048)))}) {
    const crypto::PkeyPtr rsa(EVP_RSA_gen(2048));
    check_alike(*issuer, {"www.shop.example"}, rsa.get(), at(2026), at(2027));
    check_alike(*issuer, {"www.shop.example"}, pki::new_p256_key().get(), at(2026), at(2027));
  }
}

TEST(dates_on_both_sides_of_2050) {
  const auto issuer = issuer_with(nullptr);
  const crypto::PkeyPtr key = pki::new_p256_key();
  for (const int first : {1999, 2000, 2026, 2049, 2050, 2108}) {
    check_alike(*issuer, {"www.shop.example"}, key.get(), at(first), at(first + 1));
  }
  const sys_seconds turn = sys_days(year(2050) / 1 / 1);
  check_alike(*issuer, {"www.shop.example"}, key.get(), turn - std::chrono::seconds(1), turn);
}

UNIT_MAIN(UNIT_TEST(names_of_every_kind_and_length), UNIT_TEST(keys_and_issuers_of_every_kind),
          UNIT_TEST(dates_on_both_sides_of_2050))
