// CryptoStream: the handshake's bytes, put together from CRYPTO frames in any order (RFC 9000 §19.6).
//
// Bounded in bytes and in gaps. Bytes may come again, in other cuts too; where they come again as others, nobody can
// say which of them the origin would believe, and that is an error. Owns its memory; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::quic {

class CryptoStream {
 public:
  // A hello with two post-quantum key shares and ECH is a quarter of this.
  static constexpr std::size_t max_bytes = std::size_t{16} * 1024;
  // Separate pieces with something missing between them. Chromium cuts a hello into about ten.
  static constexpr std::size_t max_pieces = 64;

  // Errors: exhausted (one of the bounds), malformed (other bytes than before in the same place).
  [[nodiscard]] Result<void> add(std::uint64_t offset, ByteView bytes);

  // What is there from the beginning without a gap. Valid until the next add().
  [[nodiscard]] ByteView front() const;

 private:
  // Bytes begin to end of bytes_ are there.
  struct Piece {
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  [[nodiscard]] bool contradicts(std::size_t begin, ByteView bytes) const;
  void note(Piece piece);

  std::vector<std::uint8_t> bytes_;
  std::vector<Piece> pieces_;  // in order, with a gap between any two
};

}  // namespace sallyport::quic
