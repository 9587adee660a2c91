// Connection: an HTTP/2 connection (RFC 9113) over any io::Stream, in either role: nghttp2 does the protocol, this
// moves its bytes, opens and closes flows, and keeps the windows.
//
// Driven by the loop, not by a coroutine: a shared connection towards an origin belongs to nobody's. One worker's
// thread. Whoever owns it keeps the stream, the pool and the ConnectionOwner alive longer, and destroys all of its
// flows first. It may be destroyed at any other time, but not from inside a call it makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "sallyport/io/buffer_pool.hpp"
#include "sallyport/io/event_loop.hpp"
#include "sallyport/io/stream.hpp"

#include "http2_flow.hpp"
#include "http2_frame_headers.hpp"
#include "http2_output.hpp"
#include "http2_peer_streams.hpp"
#include "http2_session_memory.hpp"
#include "http2_windows.hpp"

namespace sallyport::http::http2 {

enum class Role { client, server };

struct ConnectionOptions {
  Role role = Role::server;
  std::uint32_t streams = 100;         // server: that the client may have open at once
  std::uint32_t header_bytes = 65536;  // advertised; the owners of the flows hold to it
  io::Duration first{};                // for the peer's preface and SETTINGS
  io::Duration idle{};                 // while no flow is open; before there was one, `first` if that is longer
  io::Duration stall{};                // for the peer to take what is ready for it
};

class ConnectionOwner {
 public:
  // Server: the peer opens a stream, whose first block follows. Keeps the flow and gives the owner of it; null after
  // destroying it: the stream is refused. From inside nghttp2, like FlowOwner's calls.
  virtual FlowOwner* on_stream(std::unique_ptr<Flow> flow) = 0;
  // Each frame in either direction: a received one before nghttp2 sees it, a sent one from inside nghttp2. An error
  // ends the connection with that reason, malformed as PROTOCOL_ERROR, any other as ENHANCE_YOUR_CALM.
  virtual Result<void> on_frame(const SeenFrame& frame) = 0;
  // From the loop: a flow is gone, SETTINGS or GOAWAY came, the connection has ended. It may be destroyed in it.
  virtual void on_change() = 0;

 protected:
  ~ConnectionOwner() = default;
};

class Connection {
 public:
  Connection(io::Stream& stream, io::BufferPool& buffers, ConnectionOptions options, ConnectionOwner& owner);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends SETTINGS and begins to read.
  void start();

  // Client: opens a stream with this head, with END_STREAM if nothing follows. Fails where can_open() is false.
  Result<std::unique_ptr<Flow>> open(std::span<const nghttp2_nv> head, bool end_stream, FlowOwner& owner);
  // Client: the connection lives, and the peer allows another stream.
  [[nodiscard]] bool can_open() const;
  // Streams at a time, as far as is known.
  [[nodiscard]] std::uint32_t streams_allowed() const;
  // Flows that exist.
  [[nodiscard]] std::size_t flows() const { return flow_count_; }

  // Unread bytes take up most of the connection's window: a further flow would hardly get on.
  [[nodiscard]] bool congested() const;

  // The peer's SETTINGS came.
  [[nodiscard]] bool settled() const { return settled_; }
  // The peer takes extended CONNECT (RFC 8441 §3).
  [[nodiscard]] bool peer_takes_extended_connect() const;
  // No further stream is begun: GOAWAY came, drain() was called, or the connection has ended.
  [[nodiscard]] bool going_away() const { return going_away_ || ended_; }

  // GOAWAY in the graceful way (RFC 9113 §6.8): a notice, the last stream a round trip later, the end once no flow is
  // left.
  void drain();
  // GOAWAY with `code`, then the end: flows fail with `why` at once.
  void end(ErrorCode code, Error why);
  // The same without a word to the peer.
  void close(Error why);

  // Nothing is read or written any more; all flows are closed. The stream is not: how to part from the peer is the
  // owner's matter.
  [[nodiscard]] bool ended() const { return ended_; }
  // Why: end_of_stream if both sides were done with it.
  [[nodiscard]] const Error& why() const { return why_; }

 private:
  friend class Flow;
  friend struct SessionCallbacks;

  struct SessionDeleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  enum class Room { ordinary, for_heads, unbounded };
  // Waits for the stream in one direction, for the connection's whole life.
  class Waiter final : public io::StreamWaiter {
   public:
    Waiter(Connection& connection, void (Connection::*ready)()) : connection_(connection), ready_(ready) {}
    void on_wait_over(io::WaitOutcome outcome) override;
    bool waiting = false;

   private:
    Connection& connection_;
    void (Connection::*ready_)();
  };

  void read();
  void read_next_turn();
  void read_behind_readers();
  void receive(ByteView bytes);
  // A frame is about to come; false: nothing from it on is looked at any more.
  bool admit(const SeenFrame& frame);
  // Once nghttp2 knows them.
  void reset_faulty_streams();
  void pump();
  // Lets nghttp2 put what it has to send into output_, until that is full. What is full for DATA has some room for
  // heads, which take little there and much in nghttp2. Unbounded: all but DATA.
  void fill(Room room = Room::ordinary);
  // Writes some of output_; false if the stream takes nothing now.
  bool write_some();
  void wait_for(const io::Attempt& attempt, Waiter& waiter);
  void schedule_pump();
  void schedule_change();
  [[nodiscard]] io::TimePoint deadline() const;
  void on_timeout();
  void finish(Error why);
  void fail_flows(const Error& why);
  void append(ByteView bytes);
  [[nodiscard]] bool output_full() const;
  void add(Flow& flow);
  void remove(Flow& flow);
  void consumed(std::size_t count);
  // Lets the peer send on all streams together what it may, once that is worth a frame.
  void renew();
  // What the peer may send on a stream; nothing while its head is still to be sent.
  [[nodiscard]] std::optional<std::int32_t> left_of_window(const Flow& flow) const;
  // What each stream of the peer's begins with.
  [[nodiscard]] std::int32_t first_window() const {
    return options_.role == Role::client ? first_response_window : stream_window;
  }

  // Told by nghttp2, through SessionCallbacks.
  // One more field; false if the block is to be decoded no further.
  bool decoded(std::size_t name, std::size_t value);
  void see(const SeenFrame& frame);
  void peer_opened(std::int32_t id);
  void peer_settled();
  void peer_goes_away();
  void ping_answered();
  void goaway_sent(ErrorCode code, std::string_view detail);
  [[nodiscard]] nghttp2_session* session() const { return session_.get(); }

  io::Stream& stream_;
  io::BufferPool& buffers_;
  io::InputBuffer input_;
  ConnectionOptions options_;
  ConnectionOwner& owner_;
  SessionMemory memory_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
  Waiter reader_;
  Waiter writer_;
  FrameHeaders arriving_;
  PeerStreams peer_streams_;  // server
  std::vector<std::pair<std::int32_t, ErrorCode>> to_reset_;
  std::size_t decoded_ = 0;  // of the block under way
  std::size_t in_hand_ = 0;  // of what was read, what nghttp2 has not been through, about
  Output output_;
  GrowingWindow window_;
  Flow* first_ = nullptr;
  std::size_t flow_count_ = 0;
  std::size_t open_streams_ = 0;
  std::size_t unread_ = 0;        // in all flows
  std::size_t unread_apart_ = 0;  // of it, what does not count against the connection's window
  std::int64_t promised_ = 0;     // by windows that have grown: what is unread there, or may come
  bool in_session_ = false;       // nghttp2 is running, and must not be entered again
  bool pump_scheduled_ = false;
  bool change_scheduled_ = false;
  bool settled_ = false;
  bool used_ = false;  // there was a flow
  bool going_away_ = false;
  bool draining_ = false;
  bool ending_ = false;  // once what is to be sent has been sent
  bool ended_ = false;
  bool excessive_ = false;  // a frame or field too many: see fault_
  io::TimePoint started_;
  io::TimePoint output_moved_;  // or was empty until then
  io::TimePoint idle_since_;
  Error fault_;  // the first thing found wrong; its reason is empty while there is none
  Error why_;
};

}  // namespace sallyport::http::http2
