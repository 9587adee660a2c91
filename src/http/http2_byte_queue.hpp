// ByteQueue: bytes that a flow received and nobody has consumed yet, in pieces.
//
// Holds memory for what is in it and little more, so that a hundred flows with a few bytes each stay small. A flow of
// which much comes at once, or much waits, has large pieces from the pool, so that its reader gets many frames in one.
// Owned by its flow; one thread. The pool outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "sallyport/base/bytes.hpp"
#include "sallyport/io/buffer_pool.hpp"

namespace sallyport::http::http2 {

class ByteQueue {
 public:
  // A peer that sends this much in a frame sends more of it. For less, an ordinary buffer would be mostly empty.
  static constexpr std::size_t least_of_flow = std::size_t{8} * 1024;

  ByteQueue() = default;
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;
  // One after another: a chain of owners would be freed by recursion.
  ~ByteQueue() { pop(size_); }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

  // `coming`: as many bytes, these among them, may be about to come to this flow.
  void push(ByteView bytes, std::size_t coming, io::BufferPool& buffers);
  // The first piece; empty if there is nothing. Valid until it is popped.
  [[nodiscard]] ByteView front() const;
  void pop(std::size_t count);

 private:
  static constexpr std::size_t smallest_piece = 1024;

  struct Piece {
    Piece() = default;
    ~Piece();
    Piece(const Piece&) = delete;
    Piece& operator=(const Piece&) = delete;
    [[nodiscard]] std::uint8_t* bytes() const { return lent ? lent.get() : memory.get(); }

    std::unique_ptr<std::uint8_t[]> memory;
    io::BufferPool* pool = nullptr;  // where `lent` is from, which then stands for `memory`
    io::BufferPool::Memory lent;
    std::size_t capacity = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::unique_ptr<Piece> next;
  };

  void add_piece(std::size_t bytes, std::size_t coming, io::BufferPool& buffers);

  std::unique_ptr<Piece> first_;
  Piece* last_ = nullptr;
  std::size_t size_ = 0;
  bool flows_ = false;  // by the last piece: its frames are large
};

}  // namespace sallyport::http::http2
