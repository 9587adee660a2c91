// Aes128: AES with 128-bit keys (FIPS 197), one block at a time and in Galois/Counter Mode (RFC 5116 §5.1).
//
// For whoever opens packets under ever new keys: OpenSSL's algorithms are looked up once and their states used again.
// One thread at a time.
#pragma once

#include <array>
#include <cstdint>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::crypto {

class Aes128 {
 public:
  static constexpr std::size_t tag_bytes = 16;
  using Block = std::array<std::uint8_t, 16>;
  using Key = Block;
  using Nonce = std::array<std::uint8_t, 12>;

  // Error system: this OpenSSL has no AES.
  static Result<Aes128> create();

  // False: OpenSSL failed.
  [[nodiscard]] bool encrypt_block(const Key& key, const Block& input, Block& output);

  // `sealed`: the ciphertext with its tag behind it. `opened`: of sealed.size() - tag_bytes at least. False where key,
  // nonce, associated data and ciphertext do not belong together; what `opened` holds is then not to be used.
  [[nodiscard]] bool open(const Key& key, const Nonce& nonce, ByteView associated, ByteView sealed, ByteSpan opened);

 private:
  using CipherPtr = std::unique_ptr<EVP_CIPHER, Freer<EVP_CIPHER_free>>;
  using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;

  Aes128() = default;

  CipherPtr block_cipher_;
  CipherPtr gcm_cipher_;
  CipherCtxPtr block_;
  CipherCtxPtr gcm_;
};

}  // namespace sallyport::crypto
