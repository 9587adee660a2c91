// Keys, digests, signatures, serials and extensions that no upstream certificate may have.
// RSA_set0_key is deprecated; a key made of parameters would live in a provider.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/rsa.h>

#include "upstream_judge.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

crypto::PkeyPtr rsa_key(unsigned bits) { return crypto::PkeyPtr(EVP_RSA_gen(bits)); }

// An RSA public key with the modulus of another and an exponent of choice.
crypto::PkeyPtr rsa_with_exponent(EVP_PKEY* like, BN_ULONG exponent) {
  BIGNUM* modulus = nullptr;
  EVP_PKEY_get_bn_param(like, OSSL_PKEY_PARAM_RSA_N, &modulus);
  BIGNUM* e = BN_new();
  BN_set_word(e, exponent);
  RSA* rsa = RSA_new();
  crypto::PkeyPtr key(EVP_PKEY_new());
  require(RSA_set0_key(rsa, modulus, e, nullptr) == 1 && EVP_PKEY_assign_RSA(key.get(), rsa) == 1,
          "RSA key with an exponent");
  return key;
}

crypto::PkeyPtr dsa_key() {
  const crypto::PkeyCtxPtr for_parameters(EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr));
  EVP_PKEY* parameters = nullptr;
  require(EVP_PKEY_paramgen_init(for_parameters.get()) == 1 &&
              EVP_PKEY_CTX_set_dsa_paramgen_bits(for_parameters.get(), 2048) == 1 &&
              EVP_PKEY_paramgen(for_parameters.get(), &parameters) == 1,
          "DSA parameters");
  const crypto::PkeyPtr owner(parameters);
  const crypto::PkeyCtxPtr for_key(EVP_PKEY_CTX_new(parameters, nullptr));
  EVP_PKEY* key = nullptr;
  require(EVP_PKEY_keygen_init(for_key.get()) == 1 && EVP_PKEY_keygen(for_key.get(), &key) == 1, "DSA key");
  return crypto::PkeyPtr(key);
}

void set_serial(X509* x, std::vector<unsigned char> bytes, bool negative = false) {
  ASN1_INTEGER* serial = X509_get_serialNumber(x);
  ASN1_STRING_set(serial, bytes.data(), static_cast<int>(bytes.size()));
  serial->type = negative ? V_ASN1_NEG_INTEGER : V_ASN1_INTEGER;
}

}  // namespace

TEST(A10_keys) {
  const crypto::PkeyPtr rsa = rsa_key(2048);
  const auto judged = [](crypto::PkeyPtr key) {
    Spec spec = leaf_spec();
    spec.key = std::move(key);
    return judge(*trust(), make(std::move(spec), &ground().root).get());
  };
  check_accepted("RSA-2048", judged(crypto::up_ref(rsa.get())));
  for (const char* curve : {SN_X9_62_prime256v1, SN_secp384r1, SN_secp521r1})
    check_accepted(curve, judged(crypto::PkeyPtr(EVP_EC_gen(curve))));
  check_accepted("Ed25519", judged(crypto::PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))));
  check_refused("RSA-512", judged(rsa_key(512)), "too weak");
  check_refused("RSA-1024", judged(rsa_key(1024)), "too weak");
  check_refused("RSA-2052", judged(rsa_key(2052)), "RSA key of 2052 bits is not acceptable");
  check_refused("e = 1", judged(rsa_with_exponent(rsa.get(), 1)), "unacceptable exponent");
  check_refused("e even", judged(rsa_with_exponent(rsa.get(), 4)), "unacceptable exponent");
  check_refused("P-192", judged(crypto::PkeyPtr(EVP_EC_gen(SN_X9_62_prime192v1))), "too weak");
  check_refused("secp256k1", judged(crypto::PkeyPtr(EVP_EC_gen(SN_secp256k1))), "unacceptable curve");
  check_refused("DSA", judged(dsa_key()), "unacceptable kind of key");
}

TEST(A10_keys_of_issuers) {
  check_intermediate("RSA-1024 CA", [](Spec& s) { s.key = rsa_key(1024); }, "too weak");
  check_intermediate("P-192 CA", [](Spec& s) { s.key = crypto::PkeyPtr(EVP_EC_gen(SN_X9_62_prime192v1)); }, "too weak");
  Spec weak{.common_name = "Weak Root", .extensions = root_extensions()};
  weak.key = rsa_key(1024);
  const Identity root = make(std::move(weak));
  check_refused("RSA-1024 root", judge(*ground().trusting({root.get()}), make_leaf(host, root).get()), "too weak");
}

TEST(A10_digests) {
  // RSA, because no standard signs with ECDSA and MD5.
  Spec root_spec{.common_name = "RSA Root", .extensions = root_extensions()};
  root_spec.key = rsa_key(2048);
  const Identity root = make(std::move(root_spec));
  const auto trusted = ground().trusting({root.get()});
  const auto judged = [&](const EVP_MD* of_intermediate, const EVP_MD* of_leaf) {
    Spec upper = intermediate_spec();
    upper.key = crypto::up_ref(root.key.get());
    upper.digest = of_intermediate;
    const Identity intermediate = make(std::move(upper), &root);
    Spec lower = leaf_spec();
    lower.digest = of_leaf;
    return judge(*trusted, make(std::move(lower), &intermediate).get(), {intermediate.get()});
  };
  for (const EVP_MD* good : {EVP_sha256(), EVP_sha384(), EVP_sha512()}) check_accepted("SHA-2", judged(good, good));
  for (const EVP_MD* weak : {EVP_md5(), EVP_sha1(), EVP_sha224()}) {
    check_refused("leaf", judged(EVP_sha256(), weak), "weak");
    check_refused("intermediate", judged(weak, EVP_sha256()), "weak");
  }
  // Nobody relies on an anchor's own signature.
  const Identity old = make({.common_name = "SHA-1 Root", .extensions = root_extensions(), .digest = EVP_sha1()});
  check_accepted("SHA-1 root", judge(*ground().trusting({old.get()}), make_leaf(host, old).get()));
}

TEST(A11_signatures) {
  const auto flip = [](X509* x) {
    const ASN1_BIT_STRING* signature = nullptr;
    X509_get0_signature(&signature, nullptr, x);
    signature->data[signature->length - 1] ^= 1;
  };
  check_leaf("bit flipped", [&](Spec& s) { s.spoil = flip; }, "signature failure");
  check_intermediate("bit flipped", [&](Spec& s) { s.spoil = flip; }, "signature failure");
  check_leaf(
      "two algorithms",
      [](Spec& s) {
        s.spoil = [](X509* x) {
          const X509_ALGOR* outer = nullptr;
          X509_get0_signature(nullptr, &outer, x);
          X509_ALGOR_set0(const_cast<X509_ALGOR*>(outer), OBJ_nid2obj(NID_ecdsa_with_SHA384), V_ASN1_UNDEF, nullptr);
        };
      },
      "two different signature algorithms");
  const Identity impostor = make_root("Test Root");
  Spec without_hint = leaf_spec();
  without_hint.extensions = with(without_hint.extensions, "authorityKeyIdentifier", "");
  const Identity forged = make(std::move(without_hint), &impostor);
  check_refused("right name, wrong key", judge(*trust(), forged.get()), "signature failure");
}

TEST(A11_extensions_and_serials) {
  check_leaf(
      "extension twice", [](Spec& s) { s.extensions.emplace_back("subjectAltName", "DNS:also.example"); },
      "the same extension twice");
  check_leaf(
      "unknown extension twice",
      [](Spec& s) {
        s.extensions.emplace_back("1.2.3.4", "DER:0500");
        s.extensions.emplace_back("1.2.3.4", "DER:0500");
      },
      "the same extension twice");
  check_leaf(
      "unknown critical", [](Spec& s) { s.extensions.emplace_back("1.2.3.4", "critical,DER:0500"); },
      "unhandled critical extension");
  const auto serial = [](std::vector<unsigned char> bytes, bool negative) {
    return [=](Spec& s) { s.alter = [=](X509* x) { set_serial(x, bytes, negative); }; };
  };
  check_leaf("serial 0", serial({0}, false), "serial number");
  check_leaf("serial negative", serial({5}, true), "serial number");
  check_leaf("serial of 21 bytes", serial(std::vector<unsigned char>(21, 0x11), false), "serial number");
  check_leaf("serial of 20 bytes and a pad", serial(std::vector<unsigned char>(20, 0x91), false), "serial number");
  check_intermediate("serial 0", serial({0}, false), "serial number");
  Spec longest = leaf_spec();
  longest.alter = [](X509* x) { set_serial(x, std::vector<unsigned char>(20, 0x11)); };
  check_accepted("serial of 20 bytes", judge(*trust(), make(std::move(longest), &ground().root).get()));
}

UNIT_MAIN(UNIT_TEST(A10_keys), UNIT_TEST(A10_keys_of_issuers), UNIT_TEST(A10_digests), UNIT_TEST(A11_signatures),
          UNIT_TEST(A11_extensions_and_serials))
