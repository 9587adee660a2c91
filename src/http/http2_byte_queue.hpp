// ByteQueue: bytes that a flow received and nobody has consumed yet, in pieces.
//
// Holds memory for what is in it and little more, so that a hundred flows with a few bytes each stay small. A flow of
// which much comes at once has a large piece from the pool, so that its reader gets all of that in one. Owned by its
// flow; one thread. The pool outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "sallyport/base/bytes.hpp"
#include "sallyport/io/buffer_pool.hpp"

namespace sallyport::http::http2 {

class ByteQueue {
 public:
  ByteQueue() = default;
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;
  // One after another: a chain of owners would be freed by recursion.
  ~ByteQueue() { pop(size_); }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

  // `coming`: as many bytes, these among them, are about to be given out to this flow and others.
  void push(ByteView bytes, std::size_t coming, io::BufferPool& buffers);
  // The first piece; empty if there is nothing. Valid until it is popped.
  [[nodiscard]] ByteView front() const;
  void pop(std::size_t count);

 private:
  static constexpr std::size_t smallest_piece = 1024;
  static constexpr std::size_t largest_piece = 16 * 1024;

  // A peer that sends this much in a frame sends more of it.
  static constexpr std::size_t least_of_flow = 4 * 1024;

  struct Piece {
    Piece() = default;
    ~Piece();
    Piece(const Piece&) = delete;
    Piece& operator=(const Piece&) = delete;
    [[nodiscard]] std::uint8_t* bytes() const { return bulk ? bulk.get() : memory.get(); }

    std::unique_ptr<std::uint8_t[]> memory;
    io::BufferPool* pool = nullptr;  // where `bulk` is from, which then stands for `memory`
    io::BufferPool::Memory bulk;
    std::size_t capacity = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::unique_ptr<Piece> next;
  };

  void add_piece(std::size_t wanted);
  bool add_bulk(io::BufferPool& buffers);
  void add(std::unique_ptr<Piece> piece);

  std::unique_ptr<Piece> first_;
  Piece* last_ = nullptr;
  std::size_t size_ = 0;
  bool flows_ = false;  // the last piece was, or should have been, a large one
};

}  // namespace sallyport::http::http2
