// Builds a client's QUIC Initial packets for tests, with keys derived by OpenSSL's own HKDF and not by the code under
// test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include <openssl/hmac.h>

#include "sallyport/crypto/openssl.hpp"

#include "client_hello_builder.hpp"

namespace sallyport::test {

inline Bytes from_hex(std::string_view text) {
  const auto digit = [](char letter) { return letter <= '9' ? letter - '0' : letter - 'a' + 10; };
  Bytes bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(text[at]) << 4 | digit(text[at + 1])));
  }
  return bytes;
}

// A variable-length integer in 1, 2, 4 or 8 bytes.
inline Bytes quic_integer(std::uint64_t value, int width) {
  Bytes out;
  append_integer(out, value, width);
  out[0] |= static_cast<std::uint8_t>((width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : 3) << 6);
  return out;
}

inline Bytes crypto_frame(std::size_t offset, ByteView bytes) {
  Bytes out{0x06};
  append(out, quic_integer(offset, 4));
  append(out, quic_integer(bytes.size(), 2));
  append(out, bytes);
  return out;
}

inline void require_openssl(bool done) {
  if (!done) throw std::runtime_error("OpenSSL failed");
}

class QuicInitialBuilder {
 public:
  std::uint32_t version = 1;
  Bytes destination_id = from_hex("8394c8f03e515708");
  Bytes keyed_by{};  // the destination id that the keys come from; empty: the packet's own
  Bytes source_id{};
  Bytes token{};
  std::uint32_t number = 0;
  int number_size = 4;
  std::uint8_t type_bits = 0xff;  // 0 to 3; 0xff: those of an Initial
  std::size_t padded_to = 0;      // bytes of frames

  // The packet that holds `frames`.
  [[nodiscard]] Bytes seal(Bytes frames) const {
    if (frames.size() < padded_to) frames.resize(padded_to);
    const bool v2 = version == 0x6b3343cf;
    const std::uint8_t type = type_bits != 0xff ? type_bits : v2 ? 1 : 0;
    Bytes packet{static_cast<std::uint8_t>(0xc0 | type << 4 | (number_size - 1))};
    append_integer(packet, version, 4);
    append(packet, vector_of(destination_id, 1));
    append(packet, vector_of(source_id, 1));
    append(packet, quic_integer(token.size(), 1));
    append(packet, token);
    append(packet, quic_integer(static_cast<std::size_t>(number_size) + frames.size() + 16, 2));
    const std::size_t number_offset = packet.size();
    append_integer(packet, number, number_size);
    protect(packet, number_offset, frames);
    return packet;
  }

 private:
  static Bytes hmac(ByteView key, ByteView input) {
    Bytes digest(32);
    require_openssl(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), input.data(), input.size(),
                         digest.data(), nullptr) != nullptr);
    return digest;
  }

  static Bytes expand(ByteView secret, std::string_view label, std::size_t size) {
    Bytes info;
    append_integer(info, size, 2);
    append(info, vector_of(bytes_of("tls13 " + std::string(label)), 1));
    info.push_back(0);
    info.push_back(1);
    Bytes output = hmac(secret, info);
    output.resize(size);
    return output;
  }

  void protect(Bytes& packet, std::size_t number_offset, ByteView frames) const {
    const bool v2 = version == 0x6b3343cf;
    const Bytes salt =
        from_hex(v2 ? "0dede3def700a6db819381be6e269dcbf9bd2ed9" : "38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
    const std::string prefix = v2 ? "quicv2 " : "quic ";
    const Bytes client = expand(hmac(salt, keyed_by.empty() ? destination_id : keyed_by), "client in", 32);
    const Bytes key = expand(client, prefix + "key", 16);
    Bytes nonce = expand(client, prefix + "iv", 12);
    for (std::size_t at = 0; at < 4; ++at) nonce[11 - at] ^= static_cast<std::uint8_t>(number >> 8 * at);

    const std::unique_ptr<EVP_CIPHER_CTX, crypto::Freer<EVP_CIPHER_CTX_free>> context(EVP_CIPHER_CTX_new());
    Bytes sealed(frames.size() + 16);
    int written = 0;
    EVP_EncryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, key.data(), nonce.data());
    EVP_EncryptUpdate(context.get(), nullptr, &written, packet.data(), static_cast<int>(packet.size()));
    EVP_EncryptUpdate(context.get(), sealed.data(), &written, frames.data(), static_cast<int>(frames.size()));
    require_openssl(EVP_EncryptFinal_ex(context.get(), sealed.data() + written, &written) == 1);
    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, sealed.data() + frames.size());
    append(packet, sealed);

    Bytes mask(32);
    EVP_CIPHER_CTX_reset(context.get());
    EVP_EncryptInit_ex(context.get(), EVP_aes_128_ecb(), nullptr, expand(client, prefix + "hp", 16).data(), nullptr);
    require_openssl(EVP_EncryptUpdate(context.get(), mask.data(), &written, &packet.at(number_offset + 4), 16) == 1);
    packet[0] ^= static_cast<std::uint8_t>(mask[0] & 0x0f);
    for (int at = 0; at < number_size; ++at) packet[number_offset + at] ^= mask[1 + at];
  }
};

}  // namespace sallyport::test
