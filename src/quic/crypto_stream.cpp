#include "sallyport/quic/crypto_stream.hpp"

#include <algorithm>

namespace sallyport::quic {

Result<void> CryptoStream::add(std::uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return {};
  if (offset > max_bytes || bytes.size() > max_bytes - offset) {
    return fail(ErrorKind::exhausted, "QUIC handshake data beyond 16 KiB");
  }
  const auto begin = static_cast<std::size_t>(offset);
  if (contradicts(begin, bytes)) return fail(ErrorKind::malformed, "QUIC handshake data that contradicts itself");
  if (bytes_.size() < begin + bytes.size()) bytes_.resize(begin + bytes.size());
  std::ranges::copy(bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(begin));
  note({begin, begin + bytes.size()});
  if (pieces_.size() > max_pieces) return fail(ErrorKind::exhausted, "QUIC handshake data in too many pieces");
  return {};
}

ByteView CryptoStream::front() const {
  if (pieces_.empty() || pieces_.front().begin != 0) return {};
  return ByteView(bytes_).first(pieces_.front().end);
}

bool CryptoStream::contradicts(std::size_t begin, ByteView bytes) const {
  const std::size_t end = begin + bytes.size();
  return std::ranges::any_of(pieces_, [&](const Piece& piece) {
    const std::size_t from = std::max(begin, piece.begin);
    const std::size_t to = std::min(end, piece.end);
    if (from >= to) return false;
    return !std::ranges::equal(bytes.subspan(from - begin, to - from), ByteView(bytes_).subspan(from, to - from));
  });
}

// Melts the new piece with all that it overlaps or touches.
void CryptoStream::note(Piece piece) {
  const auto first = std::ranges::find_if(pieces_, [&](const Piece& other) { return other.end >= piece.begin; });
  const auto behind = std::find_if(first, pieces_.end(), [&](const Piece& other) { return other.begin > piece.end; });
  if (first != behind) {
    piece.begin = std::min(piece.begin, first->begin);
    piece.end = std::max(piece.end, std::prev(behind)->end);
  }
  pieces_.insert(pieces_.erase(first, behind), piece);
}

}  // namespace sallyport::quic
