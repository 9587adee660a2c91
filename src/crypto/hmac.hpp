// HMAC (RFC 2104) by SHA-256 and SHA-384, which are the digests of TLS 1.3's suites, by OpenSSL's functions of the
// digests themselves: nothing is looked up, and nothing allocated.
//
// Any thread. Whoever includes this defines OPENSSL_SUPPRESS_DEPRECATED: the digests' own functions are deprecated in
// favour of what this is there to go past.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "sallyport/base/bytes.hpp"

namespace sallyport::crypto {

struct OfSha256 {
  using Context = SHA256_CTX;
  static constexpr std::size_t size = SHA256_DIGEST_LENGTH;
  static constexpr std::size_t block = SHA256_CBLOCK;
  static constexpr auto init = SHA256_Init;
  static constexpr auto update = SHA256_Update;
  static constexpr auto finish = SHA256_Final;
};

struct OfSha384 {
  using Context = SHA512_CTX;
  static constexpr std::size_t size = SHA384_DIGEST_LENGTH;
  static constexpr std::size_t block = SHA512_CBLOCK;
  static constexpr auto init = SHA384_Init;
  static constexpr auto update = SHA384_Update;
  static constexpr auto finish = SHA384_Final;
};

// What is secret, or tells of it, and is wiped when it goes out of scope.
template <typename T>
struct Wiped : T {
  ~Wiped() { OPENSSL_cleanse(this, sizeof(*this)); }
};

template <typename Digest>
using Output = Wiped<std::array<std::uint8_t, Digest::size>>;

template <typename Digest>
void digest(ByteView bytes, std::array<std::uint8_t, Digest::size>& out) {
  typename Digest::Context context{};
  Digest::init(&context);
  Digest::update(&context, bytes.data(), bytes.size());
  Digest::finish(out.data(), &context);
}

// RFC 2104. The digests' functions cannot fail.
template <typename Digest>
class Hmac {
 public:
  explicit Hmac(ByteView key) {
    Wiped<std::array<std::uint8_t, Digest::block>> pad{};
    if (key.size() > pad.size()) {
      Output<Digest> shorter{};
      digest<Digest>(key, shorter);
      std::ranges::copy(shorter, pad.begin());
    } else {
      std::ranges::copy(key, pad.begin());
    }
    for (std::uint8_t& byte : pad) byte ^= 0x36;
    begin(inner_, pad);
    for (std::uint8_t& byte : pad) byte ^= 0x36 ^ 0x5c;
    begin(outer_, pad);
  }

  void add(ByteView part) { Digest::update(&inner_, part.data(), part.size()); }

  void finish(std::array<std::uint8_t, Digest::size>& out) {
    Digest::finish(out.data(), &inner_);
    Digest::update(&outer_, out.data(), out.size());
    Digest::finish(out.data(), &outer_);
  }

 private:
  using Context = Wiped<typename Digest::Context>;
  static void begin(Context& context, ByteView pad) {
    Digest::init(&context);
    Digest::update(&context, pad.data(), pad.size());
  }

  Context inner_{}, outer_{};
};

// By the name that OpenSSL's providers, or libssl, have for it.
enum class KnownDigest : std::uint8_t { none, sha256, sha384 };

inline KnownDigest known_digest(std::string_view name) {
  if (name == "SHA2-256" || name == "SHA256") return KnownDigest::sha256;
  if (name == "SHA2-384" || name == "SHA384") return KnownDigest::sha384;
  return KnownDigest::none;
}

}  // namespace sallyport::crypto
