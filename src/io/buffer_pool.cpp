#include "sallyport/io/buffer_pool.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace sallyport::io {

BufferPool::Memory BufferPool::take() { return take_kept(kept_, buffer_bytes); }

BufferPool::Memory BufferPool::take_bulk() {
  if (bulk_lent_ == most_bulk_lent) return {};
  ++bulk_lent_;
  return take_kept(kept_bulk_, bulk_bytes);
}

BufferPool::Memory BufferPool::take_kept(Kept& kept, std::size_t bytes) {
  if (kept.empty()) return take_larger(bytes);
  std::unique_ptr<std::uint8_t[]> memory = std::move(kept.back());
  kept.pop_back();
  kept_bytes_.subtract(bytes);
  lent_.add(bytes);
  return {memory.release(), Release(*this, bytes)};
}

BufferPool::Memory BufferPool::take_larger(std::size_t bytes) {
  std::unique_ptr<std::uint8_t[]> memory(new std::uint8_t[bytes]);
  lent_.add(bytes);
  return {memory.release(), Release(*this, bytes)};
}

void BufferPool::give_back(Memory memory) {
  if (!memory) return;
  const std::size_t bytes = memory.get_deleter().bytes_;
  if (bytes == bulk_bytes) {
    keep(kept_bulk_, std::move(memory), bytes);
    // While there are as many with others, they will be wanted again: to have them from the system each time costs a
    // fault for each of their pages.
    while (kept_bulk_.size() > std::max(most_bulk_kept, bulk_lent_)) {
      kept_bulk_.pop_back();
      kept_bytes_.subtract(bytes);
    }
  } else if (bytes == buffer_bytes && kept_.size() < most_kept) {
    keep(kept_, std::move(memory), bytes);
  }
}

void BufferPool::keep(Kept& kept, Memory memory, std::size_t bytes) {
  kept.emplace_back(memory.release());
  no_longer_lent(bytes);
  kept_bytes_.add(bytes);
}

void BufferPool::no_longer_lent(std::size_t bytes) {
  lent_.subtract(bytes);
  if (bytes == bulk_bytes) --bulk_lent_;
}

InputBuffer::~InputBuffer() {
  begin_ = end_;
  release_if_empty();
}

void InputBuffer::consume(std::size_t count) {
  assert(count <= end_ - begin_);
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

ByteSpan InputBuffer::room() {
  if (flows_ && empty() && capacity_ == BufferPool::buffer_bytes) pool_.give_back(std::move(data_));
  if (!data_) take_memory();
  if (end_ == capacity_ && begin_ > 0) {
    std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_) grow();
  return {data_.get() + end_, capacity_ - end_};
}

void InputBuffer::take_memory() {
  if (flows_) data_ = pool_.take_bulk();
  capacity_ = data_ ? BufferPool::bulk_bytes : BufferPool::buffer_bytes;
  if (!data_) data_ = pool_.take();
}

void InputBuffer::grow() {
  BufferPool::Memory larger = pool_.take_larger(capacity_ * 2);
  std::memcpy(larger.get(), data_.get(), end_);
  pool_.give_back(std::exchange(data_, std::move(larger)));
  capacity_ *= 2;
}

void InputBuffer::release_if_empty() {
  if (!empty() || !data_) return;
  // Memory that has grown was for one large head, and is not the pool's.
  flows_ = flows_ && (capacity_ == BufferPool::buffer_bytes || capacity_ == BufferPool::bulk_bytes);
  pool_.give_back(std::move(data_));
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace sallyport::io
