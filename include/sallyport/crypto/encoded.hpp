// encoded: an object of OpenSSL's as DER. Any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::crypto {

// What an i2d_… function makes of an object. Empty: it failed, or there is none. Not for secrets: nothing is wiped.
template <auto Encode, typename T>
[[nodiscard]] std::vector<std::uint8_t> encoded(T* object) {
  if (object == nullptr) return {};
  unsigned char* bytes = nullptr;
  const int size = Encode(object, &bytes);
  const OpensslBytes owner(bytes);
  return size > 0 ? std::vector<std::uint8_t>(bytes, bytes + size) : std::vector<std::uint8_t>();
}

}  // namespace sallyport::crypto
