// HintedStream: notes of each write whether the writer had said that more follows.
//
// Over a stream that outlives it, on that one's loop.
#pragma once

#include <string>
#include <utility>

#include "sallyport/io/stream.hpp"

namespace sallyport::test {

class HintedStream final : public io::Stream {
 public:
  explicit HintedStream(io::Stream& below) : below_(below) {}

  io::Attempt try_write(ByteView from) override {
    hints += more_follows_ ? '+' : '.';
    return below_.try_write(from);
  }
  io::Attempt try_finish() override {
    hints += '|';
    return below_.try_finish();
  }
  void more_follows(bool follows) override { more_follows_ = follows; }
  void wait(io::Interest interest, io::StreamWaiter& waiter) override { below_.wait(interest, waiter); }
  void stop_waiting(io::StreamWaiter& waiter) override { below_.stop_waiting(waiter); }
  void set_deadline(io::TimePoint deadline) override { below_.set_deadline(deadline); }
  void close(Error why) override { below_.close(std::move(why)); }
  void abort(Error why) override { below_.abort(std::move(why)); }
  [[nodiscard]] const Error& error() const override { return below_.error(); }
  [[nodiscard]] io::EventLoop& loop() override { return below_.loop(); }

  std::string hints;  // '+' for a write that more follows, '.' for any other, '|' for the end

 protected:
  io::Attempt do_try_read(ByteSpan into) override { return below_.try_read(into); }

 private:
  io::Stream& below_;
  bool more_follows_ = false;
};

}  // namespace sallyport::test
