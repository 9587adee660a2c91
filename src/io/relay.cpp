#include "sallyport/io/relay.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "sallyport/io/notification.hpp"

#include "gathering.hpp"

namespace sallyport::io {
namespace {

// Together they take about as long as one handshake: so many moves of small pieces, or so many bytes of large ones.
constexpr std::size_t most_moves_in_turn = 16;
constexpr std::size_t most_bytes_in_turn = std::size_t{2} * 1024 * 1024;
constexpr std::size_t share_of_a_move = most_bytes_in_turn / most_moves_in_turn;

// What the two directions of a relay share.
class Pair {
 public:
  Pair(Stream& first, Stream& second, Duration idle) : first_(first), second_(second), idle_(idle) {}

  void moved() {
    const TimePoint deadline = first_.loop().now() + idle_;
    first_.set_deadline(deadline);
    second_.set_deadline(deadline);
    first_.loop().note_live();
  }

  void end(const Error& why) {
    if (!error_) error_ = why;
    first_.abort(why);
    second_.abort(why);
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  Stream& first_;
  Stream& second_;
  Duration idle_;
  std::optional<Error> error_;
};

Task<Result<void>> pump(Stream& from, Stream& to, BufferPool& buffers, Pair& pair, std::uint64_t& moved,
                        RelayTap* tap) {
  InputBuffer buffer(buffers);
  for (;;) {
    pair.moved();
    const Attempt attempt = from.try_read(buffer.room());
    if (attempt.state == Attempt::State::end) break;
    if (attempt.state == Attempt::State::failed) co_return std::unexpected(from.error());
    if (attempt.blocked()) {
      buffer.release_if_empty();
      const bool to_write = attempt.state == Attempt::State::wait_writable;
      const Result<void> ready = co_await from.ready(to_write ? Interest::writable : Interest::readable);
      if (!ready) co_return std::unexpected(ready.error());
      continue;
    }
    buffer.added(attempt.count);
    const Result<void> written = co_await to.write(buffer.unread());
    if (!written) co_return std::unexpected(written.error());
    if (tap != nullptr) tap->passed(buffer.unread());
    buffer.consume(attempt.count);
    moved += attempt.count;
  }
  co_return co_await to.finish();
}

Task<void> pump_into(Stream& from, Stream& to, BufferPool& buffers, Pair& pair, std::uint64_t& moved, RelayTap* tap) {
  const Result<void> ended = co_await pump(from, to, buffers, pair, moved, tap);
  if (!ended) pair.end(ended.error());
}

// One direction, through a pipe that is held only while there are bytes to move.
class Splicer {
 public:
  Splicer(FdStream& from, FdStream& to, PipePool& pipes, Pair& pair, std::uint64_t& moved)
      : from_(from), to_(to), pipes_(pipes), pair_(pair), moved_(moved), gathering_(from) {}

  Task<void> run() {
    const Result<void> ended = co_await move_all();
    if (!ended) pair_.end(ended.error());
  }

 private:
  Task<Result<void>> move_all() {
    const Result<void> given_first = co_await give_unread();
    if (!given_first) co_return given_first;
    for (std::size_t spent = 0;;) {
      pair_.moved();
      const Result<std::size_t> taken = co_await take();
      if (!taken) co_return std::unexpected(taken.error());
      if (*taken == 0) break;
      const Result<void> given = co_await give(*taken);
      if (!given) co_return given;
      moved_ += *taken;
      // A pair of peers that never let up leaves the others their turn.
      spent += std::max(*taken, share_of_a_move);
      if (spent < most_bytes_in_turn) continue;
      spent = 0;
      co_await next_turn(from_.loop());
    }
    co_return co_await to_.finish();
  }

  // What was put back into the stream lies in no socket.
  Task<Result<void>> give_unread() {
    std::array<std::uint8_t, 4096> piece{};
    while (from_.has_unread()) {
      pair_.moved();
      const Attempt attempt = from_.try_read(piece);
      const Result<void> written = co_await to_.write(ByteView(piece).first(attempt.count));
      if (!written) co_return written;
      moved_ += attempt.count;
    }
    co_return Result<void>();
  }

  void give_pipe_back() {
    pipes_.give_back(std::move(*pipe_));
    pipe_.reset();
  }

  // Into the pipe, which is given back where nothing has come; 0: the stream's end.
  Task<Result<std::size_t>> take() {
    for (;;) {
      // What has not filled the pipe has emptied the socket, or nearly: where more may be waited for, asking it again
      // would fetch the little that has come since.
      if (gathering_.on() && !filled_pipe_) {
        const Result<void> ready = co_await wait_for_more();
        if (!ready) co_return std::unexpected(ready.error());
      }
      if (from_.closed()) co_return std::unexpected(from_.error());
      if (!pipe_) {
        Result<Pipe> lent = pipes_.take();
        if (!lent) co_return std::unexpected(lent.error());
        pipe_ = std::move(*lent);
      }
      if (gathering_.on()) PipePool::grow(*pipe_);
      const std::size_t room = pipe_->grown ? PipePool::grown_pipe_bytes : PipePool::pipe_bytes;
      const ssize_t got = ::splice(from_.fd(), nullptr, pipe_->write_end.get(), nullptr, room, flags);
      if (got > 0) {
        const auto count = static_cast<std::size_t>(got);
        from_.count_received(count);
        gathering_.moved(count);
        filled_pipe_ = count == room;
        co_return count;
      }
      const int code = errno;
      if (got < 0 && code == EINTR) continue;
      if (got == 0) {
        give_pipe_back();
        co_return std::size_t{0};
      }
      if (code != EAGAIN) co_return std::unexpected(errno_error("receiving", code));
      gathering_.found_nothing();
      const Result<void> ready = co_await wait_for_more();
      if (!ready) co_return std::unexpected(ready.error());
    }
  }

  Task<Result<void>> wait_for_more() {
    if (pipe_) give_pipe_back();
    from_.mark_blocked(Interest::readable);
    gathering_.begin_wait();
    const Result<void> ready = co_await from_.ready(Interest::readable);
    gathering_.end_wait();
    co_return ready;
  }

  Task<Result<void>> give(std::size_t count) {
    while (count > 0) {
      if (to_.closed()) co_return std::unexpected(to_.error());
      const ssize_t sent = ::splice(pipe_->read_end.get(), nullptr, to_.fd(), nullptr, count, flags);
      if (sent >= 0) {
        to_.count_sent(static_cast<std::size_t>(sent));
        count -= static_cast<std::size_t>(sent);
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) co_return std::unexpected(errno_error("sending", errno));
      to_.mark_blocked(Interest::writable);
      const Result<void> ready = co_await to_.ready(Interest::writable);
      if (!ready) co_return std::unexpected(ready.error());
    }
    co_return Result<void>();
  }

  static constexpr unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

  FdStream& from_;
  FdStream& to_;
  PipePool& pipes_;
  Pair& pair_;
  std::uint64_t& moved_;
  std::optional<Pipe> pipe_;
  Gathering gathering_;
  bool filled_pipe_ = false;
};

}  // namespace

Task<Relayed> relay(Stream& first, Stream& second, BufferPool& buffers, Duration idle, RelayTaps taps) {
  Pair pair(first, second, idle);
  Relayed relayed;
  StartedTask<void> back(pump_into(second, first, buffers, pair, relayed.back, taps.back));
  co_await pump_into(first, second, buffers, pair, relayed.forth, taps.forth);
  co_await back.join();
  relayed.error = pair.error();
  co_return relayed;
}

Task<Relayed> splice_relay(FdStream& first, FdStream& second, PipePool& pipes, Duration idle) {
  Pair pair(first, second, idle);
  Relayed relayed;
  Splicer forth(first, second, pipes, pair, relayed.forth);
  Splicer back(second, first, pipes, pair, relayed.back);
  StartedTask<void> backwards(back.run());
  co_await forth.run();
  co_await backwards.join();
  relayed.error = pair.error();
  co_return relayed;
}

}  // namespace sallyport::io
