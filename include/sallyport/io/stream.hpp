// Stream: an ordered, two-way flow of bytes: a socket, TLS over a socket, TLS over TLS.
//
// Every layer offers single attempts that never block (try_read, …) and tells what to wait for; only
// the lowest layer really waits. So layers stack without a suspension of their own, and a read that
// finds bytes costs no coroutine frame. Coroutines use the awaitables read(), write() and finish().
//
// A stream belongs to one loop and its thread, is owned by one connection, and a layer must be
// destroyed before the stream below it. One coroutine may read while another one writes. The deadline
// bounds all waiting on the stream, on every layer, until it is set anew.
#pragma once

#include <coroutine>
#include <cstddef>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/io/event_loop.hpp"

namespace sallyport::io {

// What one attempt came to.
struct Attempt {
  enum class State {
    done,           // `count` bytes moved
    end,            // read: the peer finished sending
    wait_readable,  // nothing moved; try again when readable
    wait_writable,  // nothing moved; try again when writable
    failed,         // see Stream::error()
  };
  State state = State::done;
  std::size_t count = 0;

  [[nodiscard]] bool blocked() const { return state == State::wait_readable || state == State::wait_writable; }
};

enum class Interest { readable, writable };
enum class WaitOutcome { ready, timed_out, closed };

// What waits for a stream: linked into it while waiting, told exactly once for each wait().
class StreamWaiter {
 public:
  virtual void on_wait_over(WaitOutcome outcome) = 0;

 protected:
  virtual ~StreamWaiter() = default;

 private:
  friend class WaiterList;
  StreamWaiter* next_ = nullptr;
  WaitOutcome outcome_ = WaitOutcome::ready;
};

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // --- single attempts -------------------------------------------------------------------------
  // Reads what is there, up to `into` (not empty). Bytes given back by unread() come first.
  Attempt try_read(ByteSpan into) { return unread_.empty() ? do_try_read(into) : take_unread(into); }
  // Writes some of `from` (not empty).
  virtual Attempt try_write(ByteView from) = 0;
  // Ends our direction in the orderly way of the layer: FIN, or close_notify. The other stays open.
  virtual Attempt try_finish() = 0;
  // Registers for one notice. A layer passes it on to the one below.
  virtual void wait(Interest interest, StreamWaiter& waiter) = 0;
  // Takes a wait() back: the waiter will not be told. No harm if it does not wait.
  virtual void stop_waiting(StreamWaiter& waiter) = 0;

  // Whether something is written right behind what is written from now on, or the stream is finished: then both may
  // leave in one packet, which is most of what a write costs. What has nothing behind it after all leaves 200 ms later
  // (tcp(7), TCP_CORK).
  virtual void more_follows(bool /*follows*/) {}

  // --- all layers ------------------------------------------------------------------------------
  // Puts bytes back in front of what is read next (a look-ahead that was not ours to consume).
  void unread(ByteView bytes) { unread_.insert(unread_.begin(), bytes.begin(), bytes.end()); }
  [[nodiscard]] bool has_unread() const { return !unread_.empty(); }

  virtual void set_deadline(TimePoint deadline) = 0;
  // Ends both directions at once; whoever waits is resumed, from the loop, with `why`. Idempotent:
  // the first reason stays.
  virtual void close(Error why) = 0;
  // As close(), but the peer is told that the flow was cut (RST), not that it ended.
  virtual void abort(Error why) = 0;
  // Why the last attempt failed.
  [[nodiscard]] virtual const Error& error() const = 0;
  [[nodiscard]] virtual EventLoop& loop() = 0;

  // --- awaitables ------------------------------------------------------------------------------
  class ReadAwaiter;
  class WriteAwaiter;
  class FinishAwaiter;
  class ReadinessAwaiter;
  // Result<size_t>: at least one byte, or 0 at the end of the flow.
  ReadAwaiter read(ByteSpan into);
  // Result<void>: all of `from` was handed on. `from` must stay alive until then.
  WriteAwaiter write(ByteView from);
  // Result<void>: our direction is ended.
  FinishAwaiter finish();
  // Result<void>: an attempt may get further now. For code that moves bytes past the stream.
  ReadinessAwaiter ready(Interest interest);

 protected:
  virtual Attempt do_try_read(ByteSpan into) = 0;

 private:
  Attempt take_unread(ByteSpan into);

  std::vector<std::uint8_t> unread_;
};

// The awaitables' common part: try, wait, try again.
template <typename Derived>
class StreamAwaiter : public StreamWaiter {
 public:
  explicit StreamAwaiter(Stream& stream) : stream_(stream) {}
  StreamAwaiter(const StreamAwaiter&) = delete;
  StreamAwaiter& operator=(const StreamAwaiter&) = delete;

  bool await_ready() { return !derived().attempt(); }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    wait();
  }

  void on_wait_over(WaitOutcome outcome) final {
    outcome_ = outcome;
    if (outcome == WaitOutcome::ready && derived().attempt()) {
      wait();
    } else {
      waiter_.resume();
    }
  }

 protected:
  [[nodiscard]] std::unexpected<Error> failure() const {
    if (outcome_ == WaitOutcome::timed_out) return fail(ErrorKind::timed_out, "no answer in time");
    return std::unexpected(stream_.error());
  }
  [[nodiscard]] bool failed() const { return outcome_ != WaitOutcome::ready || last_.state == Attempt::State::failed; }

  Stream& stream_;
  Attempt last_;

 private:
  Derived& derived() { return static_cast<Derived&>(*this); }
  void wait() {
    stream_.wait(last_.state == Attempt::State::wait_writable ? Interest::writable : Interest::readable, *this);
  }

  WaitOutcome outcome_ = WaitOutcome::ready;
  std::coroutine_handle<> waiter_;
};

class [[nodiscard]] Stream::ReadAwaiter final : public StreamAwaiter<ReadAwaiter> {
 public:
  ReadAwaiter(Stream& stream, ByteSpan into) : StreamAwaiter(stream), into_(into) {}
  bool attempt() {
    last_ = stream_.try_read(into_);
    return last_.blocked();
  }
  Result<std::size_t> await_resume() const {
    if (failed()) return failure();
    return last_.state == Attempt::State::end ? 0 : last_.count;
  }

 private:
  ByteSpan into_;
};

class [[nodiscard]] Stream::WriteAwaiter final : public StreamAwaiter<WriteAwaiter> {
 public:
  WriteAwaiter(Stream& stream, ByteView from) : StreamAwaiter(stream), from_(from) {}
  bool attempt() {
    while (!from_.empty()) {
      last_ = stream_.try_write(from_);
      if (last_.state != Attempt::State::done) return last_.blocked();
      from_ = from_.subspan(last_.count);
    }
    return false;
  }
  Result<void> await_resume() const {
    if (failed()) return failure();
    return {};
  }

 private:
  ByteView from_;
};

class [[nodiscard]] Stream::FinishAwaiter final : public StreamAwaiter<FinishAwaiter> {
 public:
  explicit FinishAwaiter(Stream& stream) : StreamAwaiter(stream) {}
  bool attempt() {
    last_ = stream_.try_finish();
    return last_.blocked();
  }
  Result<void> await_resume() const {
    if (failed()) return failure();
    return {};
  }
};

class [[nodiscard]] Stream::ReadinessAwaiter final : public StreamWaiter {
 public:
  ReadinessAwaiter(Stream& stream, Interest interest) : stream_(stream), interest_(interest) {}
  ReadinessAwaiter(const ReadinessAwaiter&) = delete;
  ReadinessAwaiter& operator=(const ReadinessAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    stream_.wait(interest_, *this);
  }
  void on_wait_over(WaitOutcome outcome) override {
    outcome_ = outcome;
    waiter_.resume();
  }
  Result<void> await_resume() const {
    if (outcome_ == WaitOutcome::timed_out) return fail(ErrorKind::timed_out, "no answer in time");
    if (outcome_ == WaitOutcome::closed) return std::unexpected(stream_.error());
    return {};
  }

 private:
  Stream& stream_;
  Interest interest_;
  WaitOutcome outcome_ = WaitOutcome::ready;
  std::coroutine_handle<> waiter_;
};

inline Stream::ReadAwaiter Stream::read(ByteSpan into) { return ReadAwaiter(*this, into); }
inline Stream::WriteAwaiter Stream::write(ByteView from) { return WriteAwaiter(*this, from); }
inline Stream::FinishAwaiter Stream::finish() { return FinishAwaiter(*this); }
inline Stream::ReadinessAwaiter Stream::ready(Interest interest) { return ReadinessAwaiter(*this, interest); }

}  // namespace sallyport::io
