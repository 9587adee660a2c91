#include "sallyport/crypto/sha256.hpp"

#include <array>
#include <cassert>
#include <cstdint>

namespace sallyport::crypto {
namespace {

// They fail only for want of memory, for which nothing here has an answer.
void must(int done) {
  assert(done == 1);
  static_cast<void>(done);
}

}  // namespace

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
