#include "certificate_builder.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <openssl/rand.h>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/crypto/sha256.hpp"

namespace sallyport::pki {

namespace {

bool set_random_serial(X509* certificate) {
  const auto bytes = random_serial();
  return bytes &&
         ASN1_STRING_set(X509_get_serialNumber(certificate), bytes->data(), static_cast<int>(bytes->size())) == 1;
}

crypto::X509ExtensionPtr make_extension(int nid, bool critical, void* value) {
  return crypto::X509ExtensionPtr(value == nullptr ? nullptr : X509V3_EXT_i2d(nid, critical ? 1 : 0, value));
}

using crypto::Freer;
using BasicConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, Freer<BASIC_CONSTRAINTS_free>>;
using ExtendedKeyUsagePtr = std::unique_ptr<EXTENDED_KEY_USAGE, Freer<EXTENDED_KEY_USAGE_free>>;
using AuthorityKeyIdPtr = std::unique_ptr<AUTHORITY_KEYID, Freer<AUTHORITY_KEYID_free>>;
using BitStringPtr = std::unique_ptr<ASN1_BIT_STRING, Freer<ASN1_BIT_STRING_free>>;

}  // namespace

CertificateBuilder::CertificateBuilder() : certificate_(X509_new()), good_(certificate_ != nullptr) {
  if (!good_) return;
  step(X509_set_version(get(), X509_VERSION_3) == 1);
  step(set_random_serial(get()));
}

CertificateBuilder& CertificateBuilder::step(bool worked) {
  good_ = good_ && worked;
  return *this;
}

CertificateBuilder& CertificateBuilder::validity(std::chrono::sys_seconds from, std::chrono::sys_seconds to) {
  return step(good_ && crypto::set_validity(get(), from, to));
}

CertificateBuilder& CertificateBuilder::common_name(const std::string& name) {
  return step(good_ && X509_NAME_add_entry_by_NID(X509_get_subject_name(get()), NID_commonName, MBSTRING_UTF8,
                                                  reinterpret_cast<const unsigned char*>(name.data()),
                                                  static_cast<int>(name.size()), -1, 0) == 1);
}

CertificateBuilder& CertificateBuilder::issuer(const X509_NAME* name) {
  return step(good_ && X509_set_issuer_name(get(), name) == 1);
}

CertificateBuilder& CertificateBuilder::public_key(EVP_PKEY* key) {
  return step(good_ && X509_set_pubkey(get(), key) == 1);
}

CertificateBuilder& CertificateBuilder::extension(X509_EXTENSION* ready) {
  return step(good_ && ready != nullptr && X509_add_ext(get(), ready, -1) == 1);
}

CertificateBuilder& CertificateBuilder::subject_key_identifier() {
  if (!good_) return *this;
  const KeyIdentifier identifier = identifier_of_key(X509_get_X509_PUBKEY(get()));
  const crypto::Asn1OctetsPtr octets(ASN1_OCTET_STRING_new());
  if (octets == nullptr || ASN1_OCTET_STRING_set(octets.get(), identifier.data(), identifier.size()) != 1) {
    return step(false);
  }
  return extension(make_extension(NID_subject_key_identifier, false, octets.get()).get());
}

std::string CertificateBuilder::serial_hex() const {
  static constexpr char digits[] = "0123456789abcdef";
  const ASN1_INTEGER* serial = X509_get0_serialNumber(get());
  std::string text;
  for (int i = 0; i < ASN1_STRING_length(serial); ++i) {
    const std::uint8_t byte = ASN1_STRING_get0_data(serial)[i];
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

Result<crypto::X509Ptr> CertificateBuilder::finish(EVP_PKEY* signing_key) {
  step(good_ && X509_sign(get(), signing_key, signing_digest()) > 0);
  if (!good_) return std::unexpected(crypto::take_error(ErrorKind::system, "making a certificate"));
  return std::move(certificate_);
}

std::optional<std::array<std::uint8_t, 16>> random_serial() {
  std::array<std::uint8_t, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return std::nullopt;
  if (bytes[0] == 0) bytes[0] = 1;  // DER forbids a leading zero byte
  return bytes;
}

KeyIdentifier identifier_of_key(const X509_PUBKEY* key) {
  const unsigned char* bits = nullptr;
  int size = 0;
  X509_PUBKEY_get0_param(nullptr, &bits, &size, nullptr, key);
  const crypto::Sha256 digest = crypto::sha256({bits, static_cast<std::size_t>(size)});
  KeyIdentifier identifier{};
  std::copy_n(digest.begin(), identifier.size(), identifier.begin());
  return identifier;
}

// Fetched once: a fetch by name takes locks that all threads share.
const EVP_MD* signing_digest() {
  static const EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest;
}

crypto::X509ExtensionPtr basic_constraints(bool ca, long path_length) {
  const BasicConstraintsPtr value(BASIC_CONSTRAINTS_new());
  if (value == nullptr) return nullptr;
  value->ca = ca ? 0xff : 0;
  if (path_length >= 0) {
    value->pathlen = ASN1_INTEGER_new();
    if (value->pathlen == nullptr || ASN1_INTEGER_set(value->pathlen, path_length) != 1) return nullptr;
  }
  return make_extension(NID_basic_constraints, true, value.get());
}

crypto::X509ExtensionPtr key_usage(unsigned bits) {
  const BitStringPtr value(ASN1_BIT_STRING_new());
  if (value == nullptr) return nullptr;
  const auto byte = static_cast<unsigned char>(bits);  // KU_… count from the highest bit of the first byte, as DER does
  if (ASN1_BIT_STRING_set(value.get(), const_cast<unsigned char*>(&byte), 1) != 1) return nullptr;
  return make_extension(NID_key_usage, true, value.get());
}

crypto::X509ExtensionPtr server_auth() {
  const ExtendedKeyUsagePtr value(EXTENDED_KEY_USAGE_new());
  if (value == nullptr || sk_ASN1_OBJECT_push(value.get(), OBJ_nid2obj(NID_server_auth)) <= 0) return nullptr;
  return make_extension(NID_ext_key_usage, false, value.get());
}

crypto::X509ExtensionPtr authority_key_identifier(X509* issuer) {
  const AuthorityKeyIdPtr value(AUTHORITY_KEYID_new());
  if (value == nullptr) return nullptr;
  if (const ASN1_OCTET_STRING* identifier = X509_get0_subject_key_id(issuer); identifier != nullptr) {
    value->keyid = ASN1_OCTET_STRING_dup(identifier);
  } else {
    const KeyIdentifier computed = identifier_of_key(X509_get_X509_PUBKEY(issuer));
    value->keyid = ASN1_OCTET_STRING_new();
    if (value->keyid == nullptr || ASN1_OCTET_STRING_set(value->keyid, computed.data(), computed.size()) != 1) {
      return nullptr;
    }
  }
  if (value->keyid == nullptr) return nullptr;
  return make_extension(NID_authority_key_identifier, false, value.get());
}

}  // namespace sallyport::pki
