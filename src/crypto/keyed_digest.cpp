#include "sallyport/crypto/keyed_digest.hpp"

#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::crypto {

Result<KeyedDigest> KeyedDigest::create() {
  KeyedDigest digest;
  if (RAND_bytes(digest.key_.data(), static_cast<int>(digest.key_.size())) != 1) {
    return std::unexpected(take_error(ErrorKind::system, "making a random key"));
  }
  return digest;
}

KeyedDigest::~KeyedDigest() { OPENSSL_cleanse(key_.data(), key_.size()); }

Result<KeyedDigest::Digest> KeyedDigest::of(ByteView bytes) const {
  Digest digest{};
  const unsigned char* const done = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes.data(),
                                         bytes.size(), digest.data(), nullptr);
  if (done == nullptr) return std::unexpected(take_error(ErrorKind::system, "HMAC"));
  return digest;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

void wipe(std::span<std::byte> secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

void wipe(std::string& secret) {
  wipe(std::as_writable_bytes(std::span(secret)));
  secret.clear();
}

}  // namespace sallyport::crypto
