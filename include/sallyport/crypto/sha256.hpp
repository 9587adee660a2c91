// SHA-256 (FIPS 180-4): of bytes that are there (any thread), or that come part by part (Sha256Sum, one thread at a
// time).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sallyport/base/bytes.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

// Without a context of OpenSSL's, which costs as much as the digest of a hundred bytes.
[[nodiscard]] Sha256 sha256(ByteView bytes);

class Sha256Sum {
 public:
  Sha256Sum();
  void add(ByteView part);
  // In lower-case hexadecimal digits. Nothing is added afterwards.
  [[nodiscard]] std::string hex();

 private:
  MdCtxPtr context_;
};

}  // namespace sallyport::crypto
