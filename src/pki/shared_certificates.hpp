// SharedCertificates: one object for each certificate, however many connections it was presented in.
//
// OpenSSL makes an object of each certificate that it receives and keeps it for as long as the session lives: 5.6 KiB
// for a connection to an origin that shows one P-256 certificate. Two of the same encoding are the same, so the session
// is given the one that is known. Only what was accepted comes here. Any thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

class SharedCertificates {
 public:
  static constexpr std::size_t capacity = 512;

  // Puts the known objects in the place of those that `presented` verifies, from which the session takes them once its
  // callback has returned (SSL_CTX_set_cert_verify_callback). `digests`: of the leaf and of all others, one behind the
  // other, as AcceptedChains::key_of() gives them.
  void share(X509_STORE_CTX* presented, std::string_view digests);

 private:
  // A SHA-256 is as good as any hash of it.
  struct FirstBytes {
    std::size_t operator()(const crypto::Sha256& digest) const {
      std::size_t first = 0;
      std::memcpy(&first, digest.data(), sizeof first);
      return first;
    }
  };

  std::mutex mutex_;
  std::unordered_map<crypto::Sha256, crypto::X509Ptr, FirstBytes> by_digest_;  // guarded by mutex_
};

}  // namespace sallyport::pki
