// ByteQueue: bytes that a flow received and nobody has consumed yet, in pieces.
//
// Holds memory for what is in it and little more, so that a hundred flows with a few bytes each stay small. Owned by
// its flow; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "sallyport/base/bytes.hpp"

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

  void push(ByteView bytes);
  // The first piece; empty if there is nothing. Valid until it is popped.
  [[nodiscard]] ByteView front() const;
  void pop(std::size_t count);

 private:
  static constexpr std::size_t smallest_piece = 1024;
  static constexpr std::size_t largest_piece = 16 * 1024;

  struct Piece {
    std::unique_ptr<std::uint8_t[]> memory;
    std::size_t capacity = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::unique_ptr<Piece> next;
  };

  void add_piece(std::size_t wanted);

  std::unique_ptr<Piece> first_;
  Piece* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sallyport::http::http2
