#include "chain_rules.hpp"

#include <algorithm>
#include <memory>

#include <openssl/core_names.h>

#include "sallyport/crypto/certificate.hpp"

namespace sallyport::pki {

namespace {

constexpr int max_extensions = 64;
constexpr int max_serial_bytes = 20;   // RFC 5280 §4.1.2.2
constexpr int max_rsa_bits = 8192;     // beyond it, verifying alone costs milliseconds
constexpr int max_exponent_bits = 64;  // likewise

const Violation none{};

using BignumPtr = std::unique_ptr<BIGNUM, crypto::Freer<BN_free>>;

Violation rsa_violation(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < 2048) return {X509_V_ERR_EE_KEY_TOO_SMALL, "RSA key of " + std::to_string(bits) + " bits is too small"};
  if (bits % 8 != 0 || bits > max_rsa_bits) {
    return {X509_V_ERR_CERT_REJECTED, "RSA key of " + std::to_string(bits) + " bits is not acceptable"};
  }
  BIGNUM* raw = nullptr;
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &raw);
  const BignumPtr exponent(raw);
  if (exponent == nullptr || BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) != 0 ||
      BN_num_bits(exponent.get()) > max_exponent_bits) {
    return {X509_V_ERR_CERT_REJECTED, "RSA key with an unacceptable exponent"};
  }
  return none;
}

Violation key_violation(X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, "unreadable public key"};
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return rsa_violation(key);
    case EVP_PKEY_ED25519:
      return none;
    case EVP_PKEY_EC: {
      const int curve = crypto::curve_of(key);
      if (curve == NID_X9_62_prime256v1 || curve == NID_secp384r1 || curve == NID_secp521r1) return none;
      return {X509_V_ERR_CERT_REJECTED, "elliptic curve key on an unacceptable curve"};
    }
    default:
      return {X509_V_ERR_CERT_REJECTED, "unacceptable kind of key: " + crypto::kind_of(key)};
  }
}

Violation signature_violation(X509* certificate) {
  const X509_ALGOR* outer = nullptr;
  X509_get0_signature(nullptr, &outer, certificate);
  if (X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(certificate)) != 0) {
    return {X509_V_ERR_CERT_SIGNATURE_FAILURE, "certificate names two different signature algorithms"};
  }
  int digest = NID_undef;
  int key_type = NID_undef;
  if (X509_get_signature_info(certificate, &digest, &key_type, nullptr, nullptr) != 1) {
    return {X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, "unknown signature algorithm"};
  }
  if (key_type == NID_ED25519 || digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512) return none;
  const char* name = OBJ_nid2ln(digest);
  return {X509_V_ERR_CA_MD_TOO_WEAK, std::string("weak signature: ") + (name == nullptr ? "unknown digest" : name)};
}

Violation serial_violation(X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  const unsigned char* bytes = ASN1_STRING_get0_data(serial);
  const int size = ASN1_STRING_length(serial);
  const bool zero = std::all_of(bytes, bytes + size, [](unsigned char byte) { return byte == 0; });
  const bool negative = (ASN1_STRING_type(serial) & V_ASN1_NEG) != 0;
  const bool padded = size > 0 && (bytes[0] & 0x80) != 0;  // DER needs one byte more
  if (zero || negative || size + (padded ? 1 : 0) > max_serial_bytes) {
    return {X509_V_ERR_CERT_REJECTED, "serial number is zero, negative or longer than 20 bytes"};
  }
  return none;
}

// The same for leaf and intermediates. Reads as all bits set where there is no such extension; a list that has
// only anyExtendedKeyUsage in it does not say serverAuth.
Violation usage_violation(X509* certificate) {
  if ((X509_get_extended_key_usage(certificate) & XKU_SSL_SERVER) != 0) return none;
  return {X509_V_ERR_INVALID_PURPOSE, "certificate is not for TLS servers (extendedKeyUsage)"};
}

Violation leaf_violation(X509* certificate) {
  // RFC 5280 §4.2.1.10: for CA certificates only.
  if (X509_get_ext_by_NID(certificate, NID_name_constraints, -1) >= 0 && X509_check_ca(certificate) != 1) {
    return {X509_V_ERR_INVALID_EXTENSION, "name constraints in a certificate that is not a CA"};
  }
  return none;
}

// What an anchor is spared. That issuers are CAs which may sign certificates has been checked by OpenSSL.
Violation subordinate_violation(X509* certificate, bool leaf) {
  if (X509_get_version(certificate) != X509_VERSION_3) {
    return {X509_V_ERR_CERT_REJECTED, "certificate is not of version 3"};
  }
  for (const auto rule : {signature_violation, serial_violation, malformed_extensions, usage_violation}) {
    if (Violation found = rule(certificate); found.code != X509_V_OK) return found;
  }
  return leaf ? leaf_violation(certificate) : none;
}

}  // namespace

Violation malformed_extensions(X509* certificate) {
  const int count = X509_get_ext_count(certificate);
  if (count > max_extensions) return {X509_V_ERR_INVALID_EXTENSION, "more than 64 extensions"};
  for (int i = 0; i < count; ++i) {
    const ASN1_OBJECT* kind = X509_EXTENSION_get_object(X509_get_ext(certificate, i));
    if (X509_get_ext_by_OBJ(certificate, kind, i) >= 0) {
      return {X509_V_ERR_INVALID_EXTENSION, "the same extension twice"};
    }
  }
  if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0) {
    return {X509_V_ERR_INVALID_EXTENSION, "invalid or inconsistent certificate extension"};
  }
  return none;
}

Violation broken_rule(STACK_OF(X509) * chain) {
  const int count = sk_X509_num(chain);
  for (int i = 0; i < count; ++i) {
    X509* certificate = sk_X509_value(chain, i);
    if (Violation found = key_violation(certificate); found.code != X509_V_OK) return found;
    if (i == count - 1) {
      // A self-signed certificate of an origin that the admin put in the bundle is anchor and leaf at once.
      return count == 1 ? usage_violation(certificate) : none;
    }
    if (Violation found = subordinate_violation(certificate, i == 0); found.code != X509_V_OK) return found;
  }
  return none;
}

}  // namespace sallyport::pki
