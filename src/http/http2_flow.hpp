// Flow: one stream of an HTTP/2 connection (RFC 9113 §5): header blocks and DATA in both directions.
//
// As an io::Stream it is the DATA alone, without a copy of its own: a read takes what the peer may send again, a write
// takes what the peer's windows and the connection's buffer have room for; try_finish() is END_STREAM, close() and
// abort() are RST_STREAM. So it carries TLS or any other protocol as a socket does (CONNECT, RFC 8441).
//
// Owned by one exchange, on its connection's thread; the Connection outlives it. Destroying it before both directions
// have ended resets the stream. Whoever waits is resumed from the loop's ready queue, never out of nghttp2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <nghttp2/nghttp2.h>

#include "sallyport/io/stream.hpp"
#include "sallyport/io/waiter_list.hpp"

#include "http2_byte_queue.hpp"
#include "http2_windows.hpp"

namespace sallyport::http::http2 {

class Connection;

// RFC 9113 §7.
enum class ErrorCode : std::uint32_t {
  no_error = 0x0,
  protocol_error = 0x1,
  internal_error = 0x2,
  flow_control_error = 0x3,
  settings_timeout = 0x4,
  stream_closed = 0x5,
  refused_stream = 0x7,
  cancel = 0x8,
  connect_error = 0xa,
  enhance_your_calm = 0xb,
  http_1_1_required = 0xd,
};

// "CANCEL (0x8)", for people.
[[nodiscard]] std::string text_of(ErrorCode code);

// Whom a flow's header blocks are told to. All but on_cut_off() is called from inside nghttp2: what is told is kept,
// and no function of the flow or the connection is called back. Whoever waits for the flow to be readable is woken
// later.
class FlowOwner {
 public:
  virtual void begin_block() = 0;
  virtual void add_field(std::string_view name, std::string_view value) = 0;
  // A field that nghttp2 found wrong (RFC 9113 §8.2.1); the block as a whole still comes to its end.
  virtual void refuse_field(std::string_view name, std::string_view value) = 0;
  virtual void end_block(bool end_stream) = 0;
  // The peer reset the stream, or the connection ended, before both directions had: see Flow::error(). From the loop,
  // once; the flow may be destroyed in it.
  virtual void on_cut_off() {}

 protected:
  ~FlowOwner() = default;
};

class Flow final : public io::Stream {
 public:
  ~Flow() override;

  [[nodiscard]] std::int32_t id() const { return id_; }
  [[nodiscard]] Connection& connection() { return connection_; }

  // --- sending -------------------------------------------------------------------------------------
  // Server: an interim response. Errors here and below: the stream is over.
  Result<void> send_interim(std::span<const nghttp2_nv> fields);
  // Server: the response's head, with END_STREAM if nothing follows.
  Result<void> send_head(std::span<const nghttp2_nv> fields, bool end_stream);
  // Sends what the peer has room for; with `last`, END_STREAM goes with its last byte. Like try_write() otherwise.
  io::Attempt try_send(ByteView from, bool last);
  // Result<void>: all of `part` was handed on.
  class SendAwaiter;
  SendAwaiter send(ByteView part, bool last);
  // So many bytes the peer would take now.
  [[nodiscard]] std::size_t room_now();
  [[nodiscard]] bool has_room() { return room_now() > 0; }
  // Result<void>: it would. To be awaited before a body is read for it.
  class RoomAwaiter;
  RoomAwaiter room();
  // Ends our direction with trailers; without any, finish() does that.
  Result<void> finish_with(std::span<const nghttp2_nv> trailers);
  // Our direction has ended.
  [[nodiscard]] bool finished() const { return end_sent_; }
  // Ends the stream now, with RST_STREAM unless both directions have ended; whoever waits fails with `why`.
  void reset(ErrorCode code, Error why);

  // --- receiving -----------------------------------------------------------------------------------
  // What has come and was not consumed, its first piece; valid until it is consumed. Waiting for more:
  // ready(Interest::readable).
  [[nodiscard]] ByteView received() const { return received_.front(); }
  // All of it, in bytes.
  [[nodiscard]] std::size_t unread() const { return received_.size(); }
  // The peer may send as much again, within what is expected.
  void consume(std::size_t count);
  // Whoever reads has a use for so many bytes now; without a call, for as many as come. The peer is let send that much,
  // within the window that the stream has or has earned, and hardly anything while it is nothing.
  void expect(std::size_t room);
  // Nothing follows what received() holds: END_STREAM came.
  [[nodiscard]] bool ended() const { return peer_ended_; }
  // Lets whoever waits for the flow to be readable look again.
  void wake_readers();

  // --- the stream's end ----------------------------------------------------------------------------
  // Neither direction moves any more; what was received may still be read.
  [[nodiscard]] bool closed() const { return closed_; }
  // The peer's, where it reset the stream or refused it by GOAWAY (as REFUSED_STREAM).
  [[nodiscard]] ErrorCode code() const { return code_; }
  // The peer did certainly nothing with it (RFC 9113 §8.7).
  [[nodiscard]] bool unprocessed() const { return unprocessed_; }

  // --- io::Stream ----------------------------------------------------------------------------------
  io::Attempt try_write(ByteView from) override { return try_send(from, false); }
  io::Attempt try_finish() override;
  void wait(io::Interest interest, io::StreamWaiter& waiter) override;
  void stop_waiting(io::StreamWaiter& waiter) override;
  void set_deadline(io::TimePoint deadline) override;
  void close(Error why) override { reset(ErrorCode::cancel, std::move(why)); }
  void abort(Error why) override { reset(ErrorCode::cancel, std::move(why)); }
  [[nodiscard]] const Error& error() const override { return error_; }
  [[nodiscard]] io::EventLoop& loop() override;

 protected:
  io::Attempt do_try_read(ByteSpan into) override;

 private:
  friend class Connection;
  friend struct SessionCallbacks;

  Flow(Connection& connection, std::int32_t id, FlowOwner* owner);

  // Called by the connection, on nghttp2's behalf: how many bytes it may send now; and that it sends them.
  ssize_t offer(std::size_t most, std::uint32_t& flags);
  ByteView give(std::size_t count);
  void peer_sent(ByteView bytes);
  void peer_ended();
  void grow(std::size_t count);
  // The window that it has earned, within its share of what all such windows may promise.
  [[nodiscard]] std::int32_t grown_window() const;
  // What the peer may have sent in vain, so far as the window has grown.
  void promise(std::int64_t bytes);
  // A window that has grown was earned; and who says nothing of what is expected has a connection of its own behind it,
  // of which there are not many as there are streams.
  [[nodiscard]] bool apart() const { return grown_ || unbounded_; }
  // Lets the peer send what it may, once that is worth a frame.
  void renew();
  void note_reset_by_peer() { reset_by_peer_ = true; }
  // What is wrong with what the peer sent on the stream; nghttp2 resets it.
  void note_fault(std::string_view fault) { fault_ = fault; }
  void stream_closed(ErrorCode code);
  // The stream is closed. `why` is kept unless both directions had ended.
  void over(ErrorCode code, bool unprocessed, Error why);

  [[nodiscard]] FlowOwner& owner() { return *owner_; }
  [[nodiscard]] bool readable() const { return !received_.empty() || peer_ended_ || closed_; }
  Result<void> submitted(int result);
  void arm_timer();
  static void on_deadline(void* self);
  static void tell_cut_off(void* self);

  Connection& connection_;
  FlowOwner* owner_;
  Flow* next_ = nullptr;  // among the connection's flows
  Flow* previous_ = nullptr;
  std::int32_t id_;

  ByteView outgoing_;  // during try_send() alone
  bool outgoing_last_ = false;
  bool end_wanted_ = false;  // during try_finish() alone
  bool end_sent_ = false;    // nothing more may be submitted

  ByteQueue received_;
  GrowingWindow window_;
  std::size_t expected_ = std::numeric_limits<std::size_t>::max();  // bytes, by who reads
  std::int64_t promised_ = 0;                                       // of the connection's
  std::uint64_t untried_ = 0;  // bytes to be consumed before it is seen that more are taken than was said at first
  bool unbounded_ = false;     // client: expect() was not called
  bool grown_ = false;         // window_ has, and is what the peer may use
  bool peer_ended_ = false;
  bool closed_ = false;
  bool unprocessed_ = false;
  bool reset_by_peer_ = false;
  bool cut_off_pending_ = false;
  ErrorCode code_ = ErrorCode::no_error;
  ErrorCode code_if_dropped_ = ErrorCode::cancel;
  std::string_view fault_;  // nghttp2's own words
  Error error_;

  io::WaiterList readers_;
  io::WaiterList writers_;
  io::TimePoint deadline_ = io::never;
  std::optional<io::Timer> timer_;
};

class [[nodiscard]] Flow::SendAwaiter final : public io::StreamAwaiter<SendAwaiter> {
 public:
  SendAwaiter(Flow& flow, ByteView part, bool last) : StreamAwaiter(flow), flow_(flow), part_(part), last_part_(last) {}
  bool attempt() {
    while (!part_.empty()) {
      last_ = flow_.try_send(part_, last_part_);
      if (last_.state != io::Attempt::State::done) return last_.blocked();
      part_ = part_.subspan(last_.count);
    }
    return false;
  }
  Result<void> await_resume() const {
    if (failed()) return failure();
    return {};
  }

 private:
  Flow& flow_;
  ByteView part_;
  bool last_part_;
};

class [[nodiscard]] Flow::RoomAwaiter final : public io::StreamAwaiter<RoomAwaiter> {
 public:
  explicit RoomAwaiter(Flow& flow) : StreamAwaiter(flow), flow_(flow) {}
  bool attempt() {
    last_ = {};
    if (flow_.closed()) last_.state = io::Attempt::State::failed;
    if (!flow_.closed() && !flow_.has_room()) last_.state = io::Attempt::State::wait_writable;
    return last_.blocked();
  }
  Result<void> await_resume() const {
    if (failed()) return failure();
    return {};
  }

 private:
  Flow& flow_;
};

inline Flow::SendAwaiter Flow::send(ByteView part, bool last) { return SendAwaiter(*this, part, last); }
inline Flow::RoomAwaiter Flow::room() { return RoomAwaiter(*this); }

}  // namespace sallyport::http::http2
