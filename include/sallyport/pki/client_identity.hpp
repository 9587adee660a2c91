// ClientIdentity: a certificate with its key that the gateway shows to origins which ask for one.
//
// load() reads files and belongs to start and reload, on any thread. The result is immutable and shared by all
// threads; whoever gave it to an SSL need not keep it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

class ClientIdentity {
 public:
  // Two PEM files, which may be one and the same. Errors, ErrorKind::config, name the file: unreadable, nothing of its
  // kind in it, an encrypted key, a key that belongs to none of the certificates or is weaker than 112 bits.
  static Result<std::shared_ptr<const ClientIdentity>> load(const std::string& certificate_file,
                                                            const std::string& key_file, std::chrono::sys_seconds now);

  [[nodiscard]] X509* certificate() const { return certificate_.get(); }
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }
  // The other certificates of the file, in its order.
  [[nodiscard]] STACK_OF(X509) * chain() const { return chain_.get(); }
  // "AB:CD:…", SHA-256: what tells this identity from any other.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

  // Sentences for the log: a certificate that has expired, is not valid yet or not meant for TLS clients, a key file
  // that everybody can read.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  ClientIdentity() = default;

  crypto::X509Ptr certificate_;
  crypto::PkeyPtr key_;
  crypto::X509StackPtr chain_;
  std::string fingerprint_;
  std::vector<std::string> warnings_;
};

using ClientIdentityPtr = std::shared_ptr<const ClientIdentity>;

}  // namespace sallyport::pki
