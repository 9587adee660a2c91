// Sha256Sum: the SHA-256 (FIPS 180-4) of bytes that come part by part.
//
// One thread at a time.
#pragma once

#include <string>

#include "sallyport/base/bytes.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::crypto {

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
