#include "http2_byte_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace sallyport::http::http2 {

void ByteQueue::push(ByteView bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->end == last_->capacity) add_piece(bytes.size());
    const std::size_t count = std::min(bytes.size(), last_->capacity - last_->end);
    std::memcpy(last_->memory.get() + last_->end, bytes.data(), count);
    last_->end += count;
    bytes = bytes.subspan(count);
  }
}

void ByteQueue::add_piece(std::size_t wanted) {
  auto piece = std::make_unique<Piece>();
  piece->capacity = std::clamp(wanted, smallest_piece, largest_piece);
  piece->memory.reset(new std::uint8_t[piece->capacity]);
  Piece* const added = piece.get();
  (last_ == nullptr ? first_ : last_->next) = std::move(piece);
  last_ = added;
}

ByteView ByteQueue::front() const {
  if (first_ == nullptr) return {};
  return {first_->memory.get() + first_->begin, first_->end - first_->begin};
}

void ByteQueue::pop(std::size_t count) {
  assert(count <= size_);
  size_ -= count;
  while (count > 0) {
    const std::size_t here = std::min(count, first_->end - first_->begin);
    first_->begin += here;
    count -= here;
    if (first_->begin < first_->end) break;
    first_ = std::move(first_->next);
    if (first_ == nullptr) last_ = nullptr;
  }
}

}  // namespace sallyport::http::http2
