// The digest's own functions are deprecated in favour of what sha256() is there to go past.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "sallyport/crypto/sha256.hpp"

#include <cassert>

#include <openssl/sha.h>

namespace sallyport::crypto {
namespace {

// They fail only for want of memory, for which nothing here has an answer.
void must(int done) {
  assert(done == 1);
  static_cast<void>(done);
}

}  // namespace

Sha256 sha256(ByteView bytes) {
  Sha256 digest{};
  static_assert(digest.size() == SHA256_DIGEST_LENGTH);
  SHA256_CTX context{};
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

Sha256Sum::Sha256Sum() : context_(EVP_MD_CTX_new()) { must(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr)); }

void Sha256Sum::add(ByteView part) { must(EVP_DigestUpdate(context_.get(), part.data(), part.size())); }

std::string Sha256Sum::hex() {
  constexpr char digits[] = "0123456789abcdef";
  std::array<std::uint8_t, 32> sum{};
  must(EVP_DigestFinal_ex(context_.get(), sum.data(), nullptr));
  std::string text;
  for (const std::uint8_t byte : sum) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace sallyport::crypto
