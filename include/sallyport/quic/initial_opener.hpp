// InitialOpener: reads a client's Initial packets, whose keys anybody who sees them can derive (RFC 9001 §5.2).
//
// Derives keys, removes header protection and decrypts; OpenSSL's states and the buffers are used again from packet to
// packet. One thread at a time.
#pragma once

#include <optional>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/crypto/aes128.hpp"
#include "sallyport/crypto/hkdf.hpp"
#include "sallyport/quic/long_header.hpp"

namespace sallyport::quic {

// What protects the Initials that a client sends.
struct InitialKeys {
  crypto::Aes128::Key key{};
  crypto::Aes128::Nonce iv{};
  crypto::Aes128::Key header_protection{};
};

class InitialOpener {
 public:
  // Error system: OpenSSL lacks what is needed.
  static Result<InitialOpener> create();

  // `destination_id`: of the client's first Initial, or, after a Retry, of the first that follows it. nullopt: OpenSSL
  // failed.
  [[nodiscard]] std::optional<InitialKeys> keys_of(Version version, ByteView destination_id);

  // The frames of an Initial packet; nullopt where it is too short, or not protected by these keys. Valid until the
  // next call.
  [[nodiscard]] std::optional<ByteView> open(const InitialKeys& keys, const LongHeader& header);

 private:
  InitialOpener(crypto::Hkdf hkdf, crypto::Aes128 aes) : hkdf_(std::move(hkdf)), aes_(std::move(aes)) {}

  crypto::Hkdf hkdf_;
  crypto::Aes128 aes_;
  std::vector<std::uint8_t> clear_header_;
  std::vector<std::uint8_t> frames_;
};

}  // namespace sallyport::quic
