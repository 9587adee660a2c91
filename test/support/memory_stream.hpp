// MemoryStream: a peer that has said everything beforehand and listens to the end.
//
// Never blocks. Lives on its loop's thread, which outlives it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "sallyport/io/stream.hpp"
#include "sallyport/io/waiter_list.hpp"

namespace sallyport::test {

class MemoryStream final : public io::Stream {
 public:
  // `said` outlives it.
  MemoryStream(io::EventLoop& loop, std::string_view said) : loop_(loop), said_(bytes_of(said)) {}

  io::Attempt try_write(ByteView from) override {
    if (closed_) return {io::Attempt::State::failed};
    heard_ += text_of(from);
    return {io::Attempt::State::done, from.size()};
  }
  io::Attempt try_finish() override { return {closed_ ? io::Attempt::State::failed : io::Attempt::State::done}; }
  void wait(io::Interest /*interest*/, io::StreamWaiter& waiter) override {
    waiters_.add(waiter);
    waiters_.tell_all_later(loop_, io::WaitOutcome::ready);
  }
  void stop_waiting(io::StreamWaiter& waiter) override { loop_.forget_ready(&waiter); }
  void set_deadline(io::TimePoint /*deadline*/) override {}
  void close(Error why) override {
    if (std::exchange(closed_, true)) return;
    error_ = std::move(why);
  }
  void abort(Error why) override { close(std::move(why)); }
  [[nodiscard]] const Error& error() const override { return error_; }
  [[nodiscard]] io::EventLoop& loop() override { return loop_; }

  [[nodiscard]] const std::string& heard() const { return heard_; }

 protected:
  io::Attempt do_try_read(ByteSpan into) override {
    if (closed_) return {io::Attempt::State::failed};
    if (said_.empty()) return {io::Attempt::State::end};
    const std::size_t count = std::min(into.size(), said_.size());
    std::copy_n(said_.begin(), count, into.begin());
    said_ = said_.subspan(count);
    return {io::Attempt::State::done, count};
  }

 private:
  io::EventLoop& loop_;
  ByteView said_;
  std::string heard_;
  io::WaiterList waiters_;
  bool closed_ = false;
  Error error_;
};

}  // namespace sallyport::test
