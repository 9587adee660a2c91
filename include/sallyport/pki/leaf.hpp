// Leaf: a minted certificate with its key, ready to be given to an SSL.
//
// Immutable once minted and shared between threads; it keeps its issuer, and with it the chain, alive.
#pragma once

#include <chrono>
#include <memory>

#include "sallyport/crypto/openssl.hpp"
#include "sallyport/pki/issuer.hpp"

namespace sallyport::pki {

struct Leaf {
  crypto::X509Ptr certificate;
  // The very object that `certificate` has: SSL_use_cert_and_key() compares the two at each handshake, which takes
  // 14,000 instructions for two objects and none for one.
  crypto::PkeyPtr key;
  IssuerPtr issuer;
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;  // no session ticket issued under this leaf may live longer

  // The certificates to send after it, in order. Borrowed.
  [[nodiscard]] STACK_OF(X509) * chain() const { return issuer->chain(); }
};

using LeafPtr = std::shared_ptr<const Leaf>;

}  // namespace sallyport::pki
