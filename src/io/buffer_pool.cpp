#include "sallyport/io/buffer_pool.hpp"

#include <cassert>
#include <cstring>
#include <utility>

namespace sallyport::io {

BufferPool::Memory BufferPool::take() {
  if (kept_.empty()) return take_larger(buffer_bytes);
  std::unique_ptr<std::uint8_t[]> memory = std::move(kept_.back());
  kept_.pop_back();
  kept_bytes_.subtract(buffer_bytes);
  lent_.add(buffer_bytes);
  return {memory.release(), Release(*this, buffer_bytes)};
}

BufferPool::Memory BufferPool::take_larger(std::size_t bytes) {
  std::unique_ptr<std::uint8_t[]> memory(new std::uint8_t[bytes]);
  lent_.add(bytes);
  return {memory.release(), Release(*this, bytes)};
}

void BufferPool::give_back(Memory memory) {
  if (!memory || kept_.size() == most_kept) return;
  kept_.emplace_back(memory.release());
  lent_.subtract(buffer_bytes);
  kept_bytes_.add(buffer_bytes);
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
  if (!data_) {
    data_ = pool_.take();
    capacity_ = BufferPool::buffer_bytes;
  }
  if (end_ == capacity_ && begin_ > 0) {
    std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_) grow();
  return {data_.get() + end_, capacity_ - end_};
}

void InputBuffer::grow() {
  BufferPool::Memory larger = pool_.take_larger(capacity_ * 2);
  std::memcpy(larger.get(), data_.get(), end_);
  BufferPool::Memory old = std::exchange(data_, std::move(larger));
  if (capacity_ == BufferPool::buffer_bytes) pool_.give_back(std::move(old));
  capacity_ *= 2;
}

void InputBuffer::release_if_empty() {
  if (!empty() || !data_) return;
  // Grown memory is for one large head; the pool keeps buffers of one size.
  if (capacity_ == BufferPool::buffer_bytes) pool_.give_back(std::move(data_));
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace sallyport::io
