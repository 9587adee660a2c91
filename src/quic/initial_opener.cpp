#include "sallyport/quic/initial_opener.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace sallyport::quic {
namespace {

using Salt = std::array<std::uint8_t, 20>;

struct Derivation {
  Salt salt;
  std::string_view key;
  std::string_view iv;
  std::string_view header_protection;
};

// RFC 9001 §5.1 and §5.2.
constexpr Derivation of_v1{{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                            0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
                           "quic key",
                           "quic iv",
                           "quic hp"};
// RFC 9369 §3.3.
constexpr Derivation of_v2{{0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                            0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
                           "quicv2 key",
                           "quicv2 iv",
                           "quicv2 hp"};

// Where the sample for header protection is taken, whatever the packet number's real length (RFC 9001 §5.4.2).
constexpr std::size_t sample_distance = 4;

}  // namespace

Result<InitialOpener> InitialOpener::create() {
  Result<crypto::Hkdf> hkdf = crypto::Hkdf::create();
  if (!hkdf) return std::unexpected(hkdf.error());
  Result<crypto::Aes128> aes = crypto::Aes128::create();
  if (!aes) return std::unexpected(aes.error());
  return InitialOpener(std::move(*hkdf), std::move(*aes));
}

std::optional<InitialKeys> InitialOpener::keys_of(Version version, ByteView destination_id) {
  const Derivation& derivation = version == Version::v2 ? of_v2 : of_v1;
  InitialKeys keys;
  crypto::Hkdf::Secret initial{};
  crypto::Hkdf::Secret client{};
  const bool derived =
      hkdf_.extract(derivation.salt, destination_id, initial) && hkdf_.expand_label(initial, "client in", client) &&
      hkdf_.expand_label(client, derivation.key, keys.key) && hkdf_.expand_label(client, derivation.iv, keys.iv) &&
      hkdf_.expand_label(client, derivation.header_protection, keys.header_protection);
  if (!derived) return std::nullopt;
  return keys;
}

std::optional<ByteView> InitialOpener::open(const InitialKeys& keys, const LongHeader& header) {
  const std::size_t sample_offset = header.number_offset + sample_distance;
  crypto::Aes128::Block sample{};
  if (header.packet.size() < sample_offset + sample.size()) return std::nullopt;
  std::ranges::copy(header.packet.subspan(sample_offset, sample.size()), sample.begin());
  crypto::Aes128::Block mask{};
  if (!aes_.encrypt_block(keys.header_protection, sample, mask)) return std::nullopt;

  const ByteView protected_header = header.packet.first(sample_offset);
  clear_header_.assign(protected_header.begin(), protected_header.end());
  clear_header_[0] ^= static_cast<std::uint8_t>(mask[0] & 0x0f);
  const std::size_t number_size = (clear_header_[0] & 0x03) + 1U;
  clear_header_.resize(header.number_offset + number_size);
  // The first packets of a connection: no number is so large yet that some of its bytes would be left out. The nonce
  // is the packet number, filled up with zeros in front, upon the IV (RFC 9001 §5.3).
  crypto::Aes128::Nonce nonce = keys.iv;
  for (std::size_t at = 0; at < number_size; ++at) {
    std::uint8_t& byte = clear_header_[header.number_offset + at];
    byte ^= mask[1 + at];
    nonce[nonce.size() - number_size + at] ^= byte;
  }
  const ByteView sealed = header.packet.subspan(clear_header_.size());
  if (sealed.size() < crypto::Aes128::tag_bytes) return std::nullopt;
  const std::size_t size = sealed.size() - crypto::Aes128::tag_bytes;
  if (frames_.size() < size) frames_.resize(size);
  if (!aes_.open(keys.key, nonce, clear_header_, sealed, frames_)) return std::nullopt;
  return ByteView(frames_).first(size);
}

}  // namespace sallyport::quic
