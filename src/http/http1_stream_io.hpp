// What the two HTTP/1.1 roles share: filling the input from a stream, and writing a message's parts.
#pragma once

#include <string>

#include "sallyport/http/exchange.hpp"
#include "sallyport/http/http1_writer.hpp"
#include "sallyport/io/buffer_pool.hpp"
#include "sallyport/io/stream.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::http::http1 {

// Waits until there is more to parse: Result<size_t>, 0 at the end of the stream. While it waits with nothing unread,
// no buffer is held. No coroutine: its frame would be among the largest of an idle connection, and made for each read.
class [[nodiscard]] Filling final : public io::StreamAwaiter<Filling> {
 public:
  Filling(io::Stream& stream, io::InputBuffer& input) : StreamAwaiter(stream), input_(input) {}
  bool attempt() {
    last_ = stream_.try_read(input_.room());
    if (last_.state == io::Attempt::State::done) input_.added(last_.count);
    if (last_.blocked()) input_.release_if_empty();
    return last_.blocked();
  }
  Result<std::size_t> await_resume() const {
    if (failed()) return failure();
    return last_.state == io::Attempt::State::end ? 0 : last_.count;
  }

 private:
  io::InputBuffer& input_;
};
inline Filling fill(io::Stream& stream, io::InputBuffer& input) { return {stream, input}; }

[[nodiscard]] Framing framing_of(BodyShape shape);
[[nodiscard]] BodyShape shape_of(const Framing& framing);

// Writes one message: a head first kept back, so that it leaves together with the first body bytes.
class MessageWriter {
 public:
  explicit MessageWriter(io::Stream& stream) : stream_(stream) {}

  // Where a head is to be appended. What was begun before and has not been flushed is dropped.
  std::string& begin(const Framing& framing);
  // Whether something of the message begun last has been written.
  [[nodiscard]] bool flushed() const { return flushed_; }
  io::Task<Result<void>> write_body(ByteView part);
  io::Task<Result<void>> flush();
  io::Task<Result<void>> finish(const Fields& trailers);

  [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }

 private:
  void take_memory();
  void give_memory_back();

  io::Stream& stream_;
  Framing framing_;
  std::string pending_;
  bool flushed_ = false;
  std::uint64_t body_bytes_ = 0;
};

}  // namespace sallyport::http::http1
