// Hkdf: HKDF with SHA-256 (RFC 5869), for whoever derives keys by the thousand.
//
// OpenSSL's algorithm is looked up once and its state used again, which a call by name would pay for each time. One
// thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::crypto {

class Hkdf {
 public:
  static constexpr std::size_t secret_bytes = 32;
  using Secret = std::array<std::uint8_t, secret_bytes>;

  // Error system: this OpenSSL has no HMAC or SHA-256.
  static Result<Hkdf> create();

  // HKDF-Extract (§2.2). False: OpenSSL failed; `secret` is then not to be used.
  [[nodiscard]] bool extract(ByteView salt, ByteView input, Secret& secret);
  // HKDF-Expand (§2.3) for at most secret_bytes of `output`, under TLS's form of a label without context
  // (HKDF-Expand-Label, RFC 8446 §7.1). False as above.
  [[nodiscard]] bool expand_label(const Secret& secret, std::string_view label, ByteSpan output);

 private:
  using MacCtxPtr = std::unique_ptr<EVP_MAC_CTX, Freer<EVP_MAC_CTX_free>>;

  explicit Hkdf(MacCtxPtr context) : context_(std::move(context)) {}
  bool hmac(ByteView key, ByteView input, Secret& digest);

  MacCtxPtr context_;
};

}  // namespace sallyport::crypto
