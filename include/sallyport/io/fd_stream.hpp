// FdStream: a Stream over a connected, non-blocking socket; where all waiting really happens.
//
// Watched edge-triggered for its whole life: one epoll registration, and no system call to wait; but while more and
// more arrives that nobody reads, its reading side is not watched. The deadline costs a store while the peer is busy;
// the timer is only touched when someone waits and when it fires. One worker's thread; owned by one connection.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/rare_error.hpp"
#include "sallyport/io/stream.hpp"
#include "sallyport/io/waiter_list.hpp"

namespace sallyport::io {

// What listens to the bytes of a stream as the socket gives and takes them.
class StreamTap {
 public:
  virtual ~StreamTap() = default;
  virtual void received(ByteView bytes) = 0;
  virtual void sent(ByteView bytes) = 0;
  // A direction has ended.
  virtual void ended(bool by_peer) = 0;
};

class FdStream final : public Stream {
 public:
  // `socket` must be non-blocking; it may still be connecting. When the kernel will not watch it, the stream is closed
  // from the start, with ErrorKind::exhausted.
  FdStream(EventLoop& loop, UniqueFd socket);
  ~FdStream() override;

  Attempt try_write(ByteView from) override;
  Attempt try_finish() override;
  void more_follows(bool follows) override { more_follows_ = follows; }
  void wait(Interest interest, StreamWaiter& waiter) override;
  void stop_waiting(StreamWaiter& waiter) override;
  void set_deadline(TimePoint deadline) override;
  void close(Error why) override;
  void abort(Error why) override;
  [[nodiscard]] const Error& error() const override { return error_.get(); }
  [[nodiscard]] EventLoop& loop() override { return loop_; }

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] bool closed() const { return !socket_; }
  // From now on `tap` hears of everything but what is moved past this object.
  void set_tap(std::unique_ptr<StreamTap> tap) { tap_ = std::move(tap); }
  // The other end's address; unspecified where it has none.
  [[nodiscard]] Endpoint peer() const;
  [[nodiscard]] Endpoint local() const;
  // Of a local socket: the user that the other end's process ran as when it connected.
  [[nodiscard]] std::optional<unsigned> peer_user() const;
  // What the kernel knew of the path to it, not longer ago than `path_known_for`. Zeros if it was closed by then.
  struct Path {
    std::chrono::microseconds round_trip{0};  // smoothed (RFC 6298)
    std::uint32_t retransmitted = 0;          // segments, since it was opened
  };
  [[nodiscard]] Path path() const;
  // Exchanges follow one another faster than a smoothed round trip changes, and asking costs a system call each time.
  static constexpr Duration path_known_for = std::chrono::milliseconds(50);
  // Since it was opened; any thread.
  [[nodiscard]] std::uint64_t received_bytes() const { return received_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t sent_bytes() const { return sent_.load(std::memory_order_relaxed); }

  // While nobody reads, a peer that resets the connection would go unnoticed: then `call(object)` is called, from the
  // loop, once. It must not destroy the stream.
  void on_break(void (*call)(void*), void* object) {
    on_break_ = call;
    broken_for_ = object;
  }

  // For code that moves bytes past this object (splice(2), connect): says that the socket was found not readable or not
  // writable, so that wait() waits for the next edge. Closes where the kernel refuses to tell of one.
  void mark_blocked(Interest interest);
  // Whoever waits to read tries now: for code that has asked the socket not to tell it (SO_RCVLOWAT).
  void try_reading();
  // Says that it has moved so many.
  void count_received(std::size_t bytes) { add(received_, bytes); }
  void count_sent(std::size_t bytes) { add(sent_, bytes); }

 protected:
  Attempt do_try_read(ByteSpan into) override;

 private:
  // The loop's thread alone adds.
  static void add(std::atomic<std::uint64_t>& total, std::size_t bytes) {
    total.store(total.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }
  static void on_event(int fd, short what, void* self);
  static void on_deadline(void* self);
  void arm_timer();
  bool take_turn();
  void watch_reading(bool wanted);
  Attempt failed(const char* doing, int code);
  bool& ready_for(Interest interest) { return interest == Interest::readable ? readable_ : writable_; }
  WaiterList& waiters_of(Interest interest) { return interest == Interest::readable ? readers_ : writers_; }

  EventLoop& loop_;
  UniqueFd socket_;
  EventPtr event_;
  Timer timer_;
  TimePoint deadline_ = never;
  // Until an attempt says otherwise, both are worth trying.
  bool readable_ = true;
  bool writable_ = true;
  bool watches_reading_ = true;
  bool more_follows_ = false;
  WaiterList readers_;
  WaiterList writers_;
  std::atomic<std::uint64_t> received_ = 0;
  std::atomic<std::uint64_t> sent_ = 0;
  RareError error_;
  std::uint64_t turn_ = 0;         // of the loop, in which
  unsigned reads_in_turn_ = 0;     // so many reads were made
  std::size_t bytes_in_turn_ = 0;  // and brought so much
  mutable Path path_;              // as the kernel said at
  mutable TimePoint path_asked_at_ = never;
  std::unique_ptr<StreamTap> tap_;  // mostly null
  void (*on_break_)(void*) = nullptr;
  void* broken_for_ = nullptr;
};

}  // namespace sallyport::io
