// Output: frames that nghttp2 has made and the stream has not taken, in order.
//
// Owned by its Connection; one thread. What has been sent makes room for what comes, so that it never holds more than
// was once unsent; an idle one holds next to nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sallyport/base/bytes.hpp"

namespace sallyport::http::http2 {

class Output {
 public:
  // `most`: from how many unsent bytes on it is full. What is full for DATA has room for some heads.
  explicit Output(std::size_t most) : most_(most) {}

  static constexpr std::size_t room_for_heads = std::size_t{17} * 1024;

  [[nodiscard]] ByteView unsent() const { return ByteView(bytes_).subspan(sent_); }
  [[nodiscard]] bool empty() const { return sent_ == bytes_.size(); }
  [[nodiscard]] std::size_t most() const { return most_; }
  [[nodiscard]] bool full() const { return unsent().size() >= most_; }

  void append(ByteView bytes);
  // The stream has taken so much.
  void sent(std::size_t count);
  // Gives back the memory that an idle connection need not keep. Only while it is empty.
  void shrink();
  void clear();

 private:
  void forget_sent();

  const std::size_t most_;
  std::vector<std::uint8_t> bytes_;
  std::size_t sent_ = 0;
};

}  // namespace sallyport::http::http2
