#include "http2_byte_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace sallyport::http::http2 {

void ByteQueue::push(ByteView bytes, std::size_t coming, io::BufferPool& buffers) {
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->end == last_->capacity) add_piece(bytes.size(), coming, buffers);
    const std::size_t count = std::min(bytes.size(), last_->capacity - last_->end);
    std::memcpy(last_->bytes() + last_->end, bytes.data(), count);
    last_->end += count;
    size_ += count;
    bytes = bytes.subspan(count);
  }
}

// In proportion to what comes, or to what has come and waits: a piece is what the reader passes on in one go, and one
// of a single frame costs as much to pass on as one of eight.
void ByteQueue::add_piece(std::size_t bytes, std::size_t coming, io::BufferPool& buffers) {
  // The first bytes may be the rest of a frame that began in the read before.
  flows_ = bytes >= least_of_flow || (flows_ && coming >= least_of_flow);
  auto piece = std::make_unique<Piece>();
  if (flows_) {
    piece->pool = &buffers;
    piece->capacity = io::BufferPool::bulk_bytes;
    if (std::max(coming, size_) > io::BufferPool::buffer_bytes) piece->lent = buffers.take_bulk();
    if (!piece->lent) {
      piece->capacity = io::BufferPool::buffer_bytes;
      piece->lent = buffers.take();
    }
  } else {
    piece->capacity = std::clamp(bytes, smallest_piece, io::BufferPool::buffer_bytes);
    piece->memory.reset(new std::uint8_t[piece->capacity]);
  }
  Piece* const added = piece.get();
  (last_ == nullptr ? first_ : last_->next) = std::move(piece);
  last_ = added;
}

ByteQueue::Piece::~Piece() {
  if (lent) pool->give_back(std::move(lent));
}

ByteView ByteQueue::front() const {
  if (first_ == nullptr) return {};
  return {first_->bytes() + first_->begin, first_->end - first_->begin};
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
