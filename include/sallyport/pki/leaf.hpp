// Leaf: a minted certificate with its key, ready to be given to an SSL.
//
// Immutable once minted and shared between threads; it keeps its issuer, and with it the chain, alive.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include "sallyport/crypto/openssl.hpp"
#include "sallyport/pki/issuer.hpp"

namespace sallyport::pki {

// A certificate that was built here, in the form that is cheap to show. OpenSSL keeps the encoding of what it has read,
// and writes that of what was built anew at each handshake, for 45,000 instructions. Reading it back costs twice that,
// once, which pays for itself only where it is shown again: so it is done at the second time. Its public key is the
// very object that `built` has.
class ReadBack {
 public:
  // `built`: the same one each time. Borrowed from it, or from this. Any thread.
  [[nodiscard]] X509* of(X509* built) const;

 private:
  mutable std::atomic<bool> shown_before_ = false;
  mutable std::once_flag reading_;
  mutable crypto::X509Ptr read_;
};

struct Leaf {
  crypto::X509Ptr certificate;
  crypto::PkeyPtr key;
  IssuerPtr issuer;
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;  // no session ticket issued under this leaf may live longer

  ReadBack read_back = {};

  // What a client is to see of `certificate`. Borrowed.
  [[nodiscard]] X509* shown() const { return read_back.of(certificate.get()); }
  // The certificates to send after it, in order. Borrowed.
  [[nodiscard]] STACK_OF(X509) * chain() const { return issuer->chain(); }
};

using LeafPtr = std::shared_ptr<const Leaf>;

}  // namespace sallyport::pki
