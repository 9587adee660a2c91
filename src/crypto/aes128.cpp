#include "sallyport/crypto/aes128.hpp"

#include <cassert>

namespace sallyport::crypto {

Result<Aes128> Aes128::create() {
  Aes128 aes;
  aes.block_cipher_.reset(EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr));
  aes.gcm_cipher_.reset(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr));
  aes.block_.reset(EVP_CIPHER_CTX_new());
  aes.gcm_.reset(EVP_CIPHER_CTX_new());
  if (!aes.block_cipher_ || !aes.gcm_cipher_ || !aes.block_ || !aes.gcm_) {
    return std::unexpected(take_error(ErrorKind::system, "looking up AES"));
  }
  return aes;
}

bool Aes128::encrypt_block(const Key& key, const Block& input, Block& output) {
  int written = 0;
  EVP_CIPHER_CTX* const context = block_.get();
  return EVP_EncryptInit_ex2(context, block_cipher_.get(), key.data(), nullptr, nullptr) == 1 &&
         EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
         EVP_EncryptUpdate(context, output.data(), &written, input.data(), static_cast<int>(input.size())) == 1 &&
         written == static_cast<int>(output.size());
}

bool Aes128::open(const Key& key, const Nonce& nonce, ByteView associated, ByteView sealed, ByteSpan opened) {
  if (sealed.size() < tag_bytes) return false;
  const ByteView text = sealed.first(sealed.size() - tag_bytes);
  Block tag{};
  std::copy(sealed.end() - tag_bytes, sealed.end(), tag.begin());
  assert(opened.size() >= text.size());

  int written = 0;
  EVP_CIPHER_CTX* const context = gcm_.get();
  if (EVP_DecryptInit_ex2(context, gcm_cipher_.get(), key.data(), nonce.data(), nullptr) != 1) return false;
  if (EVP_DecryptUpdate(context, nullptr, &written, associated.data(), static_cast<int>(associated.size())) != 1) {
    return false;
  }
  if (EVP_DecryptUpdate(context, opened.data(), &written, text.data(), static_cast<int>(text.size())) != 1) {
    return false;
  }
  if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()), tag.data()) != 1) return false;
  return EVP_DecryptFinal_ex(context, opened.data() + written, &written) == 1;
}

}  // namespace sallyport::crypto
