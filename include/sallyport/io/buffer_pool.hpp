// BufferPool: the plaintext buffers of one worker, lent to whoever has bytes in flight.
//
// One thread, but for lent_bytes() and kept_bytes(); outlives its buffers. An idle connection holds none, so memory
// follows the traffic and not the number of connections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/counter.hpp"

namespace sallyport::io {

class BufferPool {
 public:
  // The plaintext of one TLS record (RFC 8446 §5.1), so that a record is never split over two reads.
  static constexpr std::size_t buffer_bytes = 16 * 1024;
  // For who has more to read than that: eight records and a piece of the next, in one system call. With four it is a
  // twentieth more CPU, with sixteen no less.
  static constexpr std::size_t bulk_bytes = std::size_t{144} * 1024;

  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // What a Memory ends with that was not given back.
  class Release {
   public:
    Release() = default;
    Release(BufferPool& pool, std::size_t bytes) : pool_(&pool), bytes_(bytes) {}
    void operator()(std::uint8_t* memory) const {
      pool_->no_longer_lent(bytes_);
      delete[] memory;
    }

   private:
    friend class BufferPool;
    BufferPool* pool_ = nullptr;
    std::size_t bytes_ = 0;
  };
  using Memory = std::unique_ptr<std::uint8_t[], Release>;

  [[nodiscard]] Memory take();
  // bulk_bytes; null while so many are lent that peers who do not take what was read would cost too much memory.
  [[nodiscard]] Memory take_bulk();
  void give_back(Memory memory);
  // More than buffer_bytes, to be given back to the system alone.
  [[nodiscard]] Memory take_larger(std::size_t bytes);

  // Any thread: what others hold, and what waits for the next of them.
  [[nodiscard]] std::uint64_t lent_bytes() const { return lent_.value(); }
  [[nodiscard]] std::uint64_t kept_bytes() const { return kept_bytes_.value(); }

 private:
  using Kept = std::vector<std::unique_ptr<std::uint8_t[]>>;
  static constexpr std::size_t most_kept = 256;
  static constexpr std::size_t most_bulk_kept = 3;  // for nobody in particular
  static constexpr std::size_t most_bulk_lent = 24;

  [[nodiscard]] Memory take_kept(Kept& kept, std::size_t bytes);
  void keep(Kept& kept, Memory memory, std::size_t bytes);
  void no_longer_lent(std::size_t bytes);

  Counter lent_;
  Counter kept_bytes_;
  std::size_t bulk_lent_ = 0;
  Kept kept_;
  Kept kept_bulk_;
};

// Bytes read and not yet consumed: contiguous, growing up to a bound while a head is incomplete.
class InputBuffer {
 public:
  explicit InputBuffer(BufferPool& pool) : pool_(pool) {}
  ~InputBuffer();
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  [[nodiscard]] ByteView unread() const { return {data_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  void consume(std::size_t count);

  // Room for more bytes behind the unread ones; never empty, and more of it where the last read filled a buffer. Ends
  // views of unread().
  [[nodiscard]] ByteSpan room();
  void added(std::size_t count) {
    flows_ = count >= BufferPool::buffer_bytes;
    end_ += count;
  }

  // Gives the memory back if nothing is unread.
  void release_if_empty();

 private:
  void take_memory();
  void grow();

  BufferPool& pool_;
  BufferPool::Memory data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool flows_ = false;  // more than a buffer's worth at a time, by the last read
};

}  // namespace sallyport::io
