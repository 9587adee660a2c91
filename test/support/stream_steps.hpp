// What tests do with a Stream's peer: send, end, read to the end; and TrickleStream, the worst stream there can be.
#pragma once

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>

#include "sallyport/io/stream.hpp"
#include "sallyport/io/task.hpp"
#include "sallyport/io/waiter_list.hpp"

#include "check.hpp"

namespace sallyport::test {

// What came out of a stream until it ended or failed.
struct Received {
  std::string bytes;
  Result<void> end;
};

inline io::Task<void> send(io::Stream& stream, std::string bytes) {
  const Result<void> sent = co_await stream.write(bytes_of(bytes));
  CHECK_OK(sent);
}

inline io::Task<void> send_and_finish(io::Stream& stream, std::string bytes) {
  co_await send(stream, std::move(bytes));
  const Result<void> finished = co_await stream.finish();
  CHECK_OK(finished);
}

// At least `count` bytes, unless it ends before.
inline io::Task<void> receive(io::Stream& stream, std::size_t count, Received& received) {
  std::array<std::uint8_t, 20'000> buffer;
  while (received.bytes.size() < count) {
    const Result<std::size_t> got = co_await stream.read(buffer);
    if (!got) received.end = std::unexpected(got.error());
    if (!got || *got == 0) co_return;
    received.bytes += text_of(ByteView(buffer).first(*got));
  }
}

inline io::Task<void> receive_all(io::Stream& stream, Received& received) {
  co_await receive(stream, std::string::npos, received);
}

// Both ends of a flow at once: each sends its bytes, ends, and reads to the other's end.
inline io::Task<void> exchange_all(io::Stream& left, std::string from_left, Received& at_left, io::Stream& right,
                                   std::string from_right, Received& at_right) {
  io::StartedTask<void> left_sends(send_and_finish(left, std::move(from_left)));
  io::StartedTask<void> right_sends(send_and_finish(right, std::move(from_right)));
  io::StartedTask<void> left_reads(receive_all(left, at_left));
  co_await receive_all(right, at_right);
  co_await left_reads.join();
  co_await left_sends.join();
  co_await right_sends.join();
}

// Bytes that differ all along, so that a lost, doubled or swapped piece shows.
inline std::string distinct_bytes(std::size_t count, unsigned seed) {
  std::minstd_rand random(seed);
  std::string bytes(count, '\0');
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random() >> 8); });
  return bytes;
}

// Moves at most `most` bytes in one attempt, and says without need that it is blocked: by chance, or the next
// `writes_to_block` times. Borrows the stream below.
class TrickleStream final : public io::Stream {
 public:
  TrickleStream(io::Stream& below, std::size_t most, unsigned seed) : below_(below), most_(most), random_(seed) {}

  io::Attempt try_write(ByteView from) override {
    const bool forced = writes_to_block > 0;
    if (forced) --writes_to_block;
    if (forced || by_chance()) return pretend(io::Attempt::State::wait_writable, write_pretended_);
    return below_.try_write(from.first(std::min(most_, from.size())));
  }
  io::Attempt try_finish() override { return below_.try_finish(); }
  void wait(io::Interest interest, io::StreamWaiter& waiter) override {
    bool& pretended = interest == io::Interest::readable ? read_pretended_ : write_pretended_;
    if (!std::exchange(pretended, false)) {
      below_.wait(interest, waiter);
      return;
    }
    told_soon_.add(waiter);
    told_soon_.tell_all_later(loop(), io::WaitOutcome::ready);
  }
  void stop_waiting(io::StreamWaiter& waiter) override {
    loop().forget_ready(&waiter);
    below_.stop_waiting(waiter);
  }
  void set_deadline(io::TimePoint deadline) override { below_.set_deadline(deadline); }
  void close(Error why) override { below_.close(std::move(why)); }
  void abort(Error why) override { below_.abort(std::move(why)); }
  [[nodiscard]] const Error& error() const override { return below_.error(); }
  [[nodiscard]] io::EventLoop& loop() override { return below_.loop(); }

  unsigned writes_to_block = 0;

 protected:
  io::Attempt do_try_read(ByteSpan into) override {
    if (by_chance()) return pretend(io::Attempt::State::wait_readable, read_pretended_);
    return below_.try_read(into.first(std::min(most_, into.size())));
  }

 private:
  bool by_chance() { return random_() % 4 == 0; }
  static io::Attempt pretend(io::Attempt::State state, bool& pretended) {
    pretended = true;
    return {state};
  }

  io::Stream& below_;
  std::size_t most_;
  std::minstd_rand random_;
  io::WaiterList told_soon_;
  bool read_pretended_ = false;
  bool write_pretended_ = false;
};

}  // namespace sallyport::test
