#include "sallyport/crypto/sha1.hpp"

#include <openssl/sha.h>

namespace sallyport::crypto {

std::array<std::uint8_t, 20> sha1(ByteView bytes) {
  std::array<std::uint8_t, 20> digest{};
  static_assert(digest.size() == SHA_DIGEST_LENGTH);
  SHA1(bytes.data(), bytes.size(), digest.data());
  return digest;
}

}  // namespace sallyport::crypto
