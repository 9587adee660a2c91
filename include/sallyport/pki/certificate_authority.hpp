// CertificateAuthority: the CA certificate and key that the admin configured, as loaded from disk.
//
// load() runs at start and at reload, on any thread; it reads files and may take a few hundred milliseconds
// (the key derivation of an encrypted PKCS#12). The result is immutable and shared: every Issuer made from it
// keeps it alive.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

// The [ca] section's paths. `pkcs12` stands instead of `certificate` and `key`; empty means not given.
struct CaFiles {
  std::string certificate;      // PEM; the CA first, the certificates above it may follow
  std::string key;              // PEM, encrypted or not
  std::string pkcs12;           // PBES2, or the RC2 and 3DES of older tools
  std::string passphrase_file;  // its first line, without the line end
};

class CertificateAuthority {
 public:
  // Refuses, with ErrorKind::config and a sentence that names the file: what cannot be read, is empty or has no
  // certificate in it; a wrong or missing passphrase; a key that does not belong to the certificate or is of
  // another kind than RSA (2048 to 8192 bits), P-256 or P-384; a certificate that is not a CA (RFC 5280 §4.2.1.9,
  // §4.2.1.3), has expired or is not valid yet; an unencrypted key that every user of the machine can read.
  static Result<std::shared_ptr<const CertificateAuthority>> load(const CaFiles& files, std::chrono::sys_seconds now);

  [[nodiscard]] X509* certificate() const { return certificate_.get(); }
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }

  // The configured certificates above this one, each followed by its issuer. Others in the file are left out.
  [[nodiscard]] STACK_OF(X509) * chain_above() const { return chain_above_.get(); }
  [[nodiscard]] bool self_signed() const;

  // How many CA certificates may stand between this one and a leaf (RFC 5280 §4.2.1.9), its own pathLenConstraint
  // and those of the configured chain taken together. nullopt: any number.
  [[nodiscard]] std::optional<long> path_length() const { return path_length_; }

  // Sentences for the log: nothing that stops the gateway, all of it worth the admin's attention.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  CertificateAuthority() = default;

  crypto::X509Ptr certificate_;
  crypto::PkeyPtr key_;
  crypto::X509StackPtr chain_above_;
  std::optional<long> path_length_;
  std::vector<std::string> warnings_;
};

using CaPtr = std::shared_ptr<const CertificateAuthority>;

// What `sallyport ca show` tells.
struct CaDescription {
  std::string subject;      // RFC 2253
  std::string fingerprint;  // SHA-256 of the certificate, AB:CD:…
  std::string key_kind;     // RSA-4096, P-256, P-384
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;
  std::string pem;  // the certificate alone, to be installed in clients
};

// Needs the certificate file alone, so that whoever cannot read the key can still ask; a PKCS#12 is opened with
// its passphrase. Same errors as load() as far as the certificate is concerned, but dates are only told.
[[nodiscard]] Result<CaDescription> describe_ca(const CaFiles& files);

}  // namespace sallyport::pki
