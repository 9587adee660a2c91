// CertificateBuilder: the steps that every certificate of ours has in common, in one place: root, issuing CA, leaf.
//
// The first step that fails is remembered and the rest is skipped; finish() tells. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

class CertificateBuilder {
 public:
  CertificateBuilder();  // version 3, a 128-bit random serial

  CertificateBuilder& validity(std::chrono::sys_seconds from, std::chrono::sys_seconds to);
  CertificateBuilder& common_name(const std::string& name);
  CertificateBuilder& issuer(const X509_NAME* name);
  CertificateBuilder& public_key(EVP_PKEY* key);

  // A ready extension; borrowed, copied.
  CertificateBuilder& extension(X509_EXTENSION* ready);
  // identifier_of_key(). Needs public_key().
  CertificateBuilder& subject_key_identifier();

  [[nodiscard]] X509* get() const { return certificate_.get(); }
  [[nodiscard]] std::string serial_hex() const;

  // Signs with SHA-256.
  [[nodiscard]] Result<crypto::X509Ptr> finish(EVP_PKEY* signing_key);

 private:
  CertificateBuilder& step(bool worked);

  crypto::X509Ptr certificate_;
  bool good_;
};

// Extensions that are the same in every certificate of their kind; built once, owned by the caller.
[[nodiscard]] crypto::X509ExtensionPtr basic_constraints(bool ca, long path_length);  // critical; -1: no constraint
[[nodiscard]] crypto::X509ExtensionPtr key_usage(unsigned bits);                      // critical; KU_… of one byte
[[nodiscard]] crypto::X509ExtensionPtr server_auth();                                 // extended key usage
// Its keyid is the issuer's subject key identifier, byte for byte, or what that would be if the issuer has none.
[[nodiscard]] crypto::X509ExtensionPtr authority_key_identifier(X509* issuer);

// 128 bits, positive and never zero (RFC 5280 §4.1.2.2), without a leading zero byte. Nothing: no random numbers.
[[nodiscard]] std::optional<std::array<std::uint8_t, 16>> random_serial();

// The SHA-256 of the key's bits cut to 160 (RFC 7093 §2, method 1).
using KeyIdentifier = std::array<std::uint8_t, 20>;
[[nodiscard]] KeyIdentifier identifier_of_key(const X509_PUBKEY* key);

// SHA-256, which all that we sign is signed with. Borrowed.
[[nodiscard]] const EVP_MD* signing_digest();

}  // namespace sallyport::pki
