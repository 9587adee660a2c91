#include "http2_byte_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace sallyport::http::http2 {

void ByteQueue::push(ByteView bytes, std::size_t coming, io::BufferPool& buffers) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->end == last_->capacity) {
      // The first bytes may be the rest of a frame that began in the read before.
      flows_ = (flows_ || bytes.size() >= least_of_flow) && coming > largest_piece;
      if (!(flows_ && add_bulk(buffers))) add_piece(bytes.size());
    }
    const std::size_t count = std::min(bytes.size(), last_->capacity - last_->end);
    std::memcpy(last_->bytes() + last_->end, bytes.data(), count);
    last_->end += count;
    bytes = bytes.subspan(count);
  }
}

void ByteQueue::add_piece(std::size_t wanted) {
  auto piece = std::make_unique<Piece>();
  piece->capacity = std::clamp(wanted, smallest_piece, largest_piece);
  piece->memory.reset(new std::uint8_t[piece->capacity]);
  add(std::move(piece));
}

bool ByteQueue::add_bulk(io::BufferPool& buffers) {
  io::BufferPool::Memory memory = buffers.take_bulk();
  if (!memory) return false;
  auto piece = std::make_unique<Piece>();
  piece->capacity = io::BufferPool::bulk_bytes;
  piece->pool = &buffers;
  piece->bulk = std::move(memory);
  add(std::move(piece));
  return true;
}

void ByteQueue::add(std::unique_ptr<Piece> piece) {
  Piece* const added = piece.get();
  (last_ == nullptr ? first_ : last_->next) = std::move(piece);
  last_ = added;
}

ByteQueue::Piece::~Piece() {
  if (bulk) pool->give_back(std::move(bulk));
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
