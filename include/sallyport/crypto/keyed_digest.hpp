// KeyedDigest: HMAC-SHA-256 (RFC 2104) under a random key of this process, and comparison that tells nothing by its
// time.
//
// For remembering secrets without keeping them. Immutable after creation; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::crypto {

class KeyedDigest {
 public:
  using Digest = std::array<std::uint8_t, 32>;

  // Error system: the random number generator failed.
  static Result<KeyedDigest> create();
  ~KeyedDigest();
  KeyedDigest(const KeyedDigest&) = default;
  KeyedDigest& operator=(const KeyedDigest&) = default;

  // Error system: out of memory.
  [[nodiscard]] Result<Digest> of(ByteView bytes) const;

 private:
  KeyedDigest() = default;
  std::array<std::uint8_t, 32> key_{};
};

// For texts of one length the time taken does not depend on their bytes.
[[nodiscard]] bool equal_in_constant_time(std::string_view left, std::string_view right);

// Overwrites it for good: no later reader of this memory finds the secret.
void wipe(std::span<std::byte> secret);
// The same, and empties it.
void wipe(std::string& secret);

}  // namespace sallyport::crypto
