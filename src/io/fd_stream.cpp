#include "sallyport/io/fd_stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include <event2/event.h>

namespace sallyport::io {
namespace {

// So many reads of one stream, and the work that they cause, may go on before the loop looks at its other sockets: a
// peer that never lets up must not have the worker to itself.
constexpr unsigned most_reads_in_turn = 4;
constexpr std::size_t most_bytes_in_turn = std::size_t{256} * 1024;

bool is_dead(int socket) {
  tcp_info info{};
  socklen_t length = sizeof info;
  return ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_state == TCP_CLOSE;
}

}  // namespace

FdStream::FdStream(EventLoop& loop, UniqueFd socket)
    : loop_(loop),
      socket_(std::move(socket)),
      event_(event_new(loop.base(), socket_.get(), EV_READ | EV_WRITE | EV_ET | EV_PERSIST, &FdStream::on_event, this)),
      timer_(loop, &FdStream::on_deadline, this) {
  if (event_ && event_add(event_.get(), nullptr) == 0) return;
  // The kernel bounds what a user may watch (epoll(7), max_user_watches): a limit like that of descriptors.
  close({ErrorKind::exhausted, "the kernel lets this user watch no more sockets"});
}

FdStream::~FdStream() {
  assert(readers_.empty() && writers_.empty() && "a stream outlives whoever waits for it");
  event_.reset();
}

Attempt FdStream::do_try_read(ByteSpan into) {
  if (closed()) return {Attempt::State::failed};
  if (!readable_ || !take_turn()) return {Attempt::State::wait_readable};
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), 0);
    if (got > 0) {
      count_received(static_cast<std::size_t>(got));
      bytes_in_turn_ += static_cast<std::size_t>(got);
      if (tap_) tap_->received(into.first(static_cast<std::size_t>(got)));
      return {Attempt::State::done, static_cast<std::size_t>(got)};
    }
    if (got == 0) {
      if (tap_) tap_->ended(true);
      return {Attempt::State::end};
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return failed("receiving", errno);
    mark_blocked(Interest::readable);
    return {closed() ? Attempt::State::failed : Attempt::State::wait_readable};
  }
}

// False once this turn's share is used up: whoever then waits goes on in the next one.
bool FdStream::take_turn() {
  if (turn_ != loop_.turn()) {
    turn_ = loop_.turn();
    reads_in_turn_ = 0;
    bytes_in_turn_ = 0;
  }
  return ++reads_in_turn_ <= most_reads_in_turn && bytes_in_turn_ < most_bytes_in_turn;
}

Attempt FdStream::try_write(ByteView from) {
  if (closed()) return {Attempt::State::failed};
  if (!writable_) return {Attempt::State::wait_writable};
  const int flags = MSG_NOSIGNAL | (more_follows_ ? MSG_MORE : 0);
  for (;;) {
    const ssize_t sent = ::send(socket_.get(), from.data(), from.size(), flags);
    if (sent >= 0) {
      count_sent(static_cast<std::size_t>(sent));
      if (tap_) tap_->sent(from.first(static_cast<std::size_t>(sent)));
      return {Attempt::State::done, static_cast<std::size_t>(sent)};
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return failed("sending", errno);
    writable_ = false;
    return {Attempt::State::wait_writable};
  }
}

Attempt FdStream::try_finish() {
  if (closed()) return {Attempt::State::failed};
  // ENOTCONN: the peer has reset the connection, so there is nothing left to end.
  if (::shutdown(socket_.get(), SHUT_WR) != 0 && errno != ENOTCONN) return failed("ending", errno);
  if (tap_) tap_->ended(false);
  return {Attempt::State::done};
}

Attempt FdStream::failed(const char* doing, int code) {
  error_ = errno_error(doing, code);
  return {Attempt::State::failed};
}

Endpoint FdStream::peer() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Endpoint::from_sockaddr(address);
}

Endpoint FdStream::local() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Endpoint::from_sockaddr(address);
}

std::optional<unsigned> FdStream::peer_user() const {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return std::nullopt;
  if (peer.pid == 0) return std::nullopt;  // no local socket has such a peer
  return peer.uid;
}

FdStream::Path FdStream::path() const {
  const TimePoint now = loop_.now();
  if (path_asked_at_ != never && now - path_asked_at_ < path_known_for) return path_;
  path_asked_at_ = now;
  path_ = {};
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &length) == 0) {
    path_ = {std::chrono::microseconds(info.tcpi_rtt), info.tcpi_total_retrans};
  }
  return path_;
}

void FdStream::wait(Interest interest, StreamWaiter& waiter) {
  waiters_of(interest).add(waiter);
  if (closed()) {
    waiters_of(interest).tell_all_later(loop_, WaitOutcome::closed);
  } else if (ready_for(interest)) {
    waiters_of(interest).tell_all_next_turn(loop_, WaitOutcome::ready);
  } else {
    arm_timer();
  }
}

void FdStream::stop_waiting(StreamWaiter& waiter) {
  readers_.remove(waiter);
  writers_.remove(waiter);
  loop_.forget_ready(&waiter);
}

void FdStream::mark_blocked(Interest interest) {
  ready_for(interest) = false;
  if (interest == Interest::readable && !watches_reading_ && !closed()) watch_reading(true);
}

// What is there already when the watching begins again is told as an edge.
void FdStream::watch_reading(bool wanted) {
  const auto what = static_cast<short>((wanted ? EV_READ : 0) | EV_WRITE | EV_ET | EV_PERSIST);
  watches_reading_ = wanted;
  event_del(event_.get());
  event_assign(event_.get(), loop_.base(), socket_.get(), what, &FdStream::on_event, this);
  if (event_add(event_.get(), nullptr) == 0) return;
  close({ErrorKind::exhausted, "the kernel lets this user watch no more sockets"});
}

void FdStream::try_reading() {
  readable_ = true;
  readers_.tell_all(WaitOutcome::ready);
}

void FdStream::on_event(int /*fd*/, short what, void* self) {
  auto& stream = *static_cast<FdStream*>(self);
  stream.loop_.enter_callback();
  const bool told_again = (what & EV_READ) != 0 && stream.readable_ && stream.readers_.empty();
  if ((what & EV_READ) != 0) stream.readable_ = true;
  if ((what & EV_WRITE) != 0) stream.writable_ = true;
  // Errors and hang-ups raise all that is watched.
  const bool all = (what & EV_WRITE) != 0 && ((what & EV_READ) != 0 || !stream.watches_reading_);
  const bool maybe_broken = all && stream.readers_.empty();
  if (maybe_broken && stream.on_break_ != nullptr && is_dead(stream.socket_.get())) {
    std::exchange(stream.on_break_, nullptr)(stream.broken_for_);
  }
  // Each segment that arrives while its reader is busy writing elsewhere would wake the loop for nothing.
  if (told_again && !stream.closed()) stream.watch_reading(false);
  // Whoever is told first may destroy the stream, so the second list is told from the loop.
  const bool tell_writers = (what & EV_WRITE) != 0 && !stream.writers_.empty();
  const bool tell_readers = (what & EV_READ) != 0 && !stream.readers_.empty();
  if (tell_writers && tell_readers) {
    stream.writers_.tell_all_later(stream.loop_, WaitOutcome::ready);
    stream.readers_.tell_all(WaitOutcome::ready);
  } else if (tell_writers) {
    stream.writers_.tell_all(WaitOutcome::ready);
  } else if (tell_readers) {
    stream.readers_.tell_all(WaitOutcome::ready);
  }
}

void FdStream::set_deadline(TimePoint deadline) {
  deadline_ = deadline;
  // A later deadline leaves the timer alone: when it fires too early, it is set again.
  if (timer_.armed() && deadline_ < timer_.armed_at()) timer_.arm(deadline_);
  if (!timer_.armed() && !(readers_.empty() && writers_.empty())) arm_timer();
}

void FdStream::arm_timer() {
  if (deadline_ != never && (!timer_.armed() || deadline_ < timer_.armed_at())) timer_.arm(deadline_);
}

void FdStream::on_deadline(void* self) {
  auto& stream = *static_cast<FdStream*>(self);
  if (stream.loop_.now() < stream.deadline_) {
    if (!(stream.readers_.empty() && stream.writers_.empty())) stream.arm_timer();
    return;
  }
  stream.readers_.tell_all_later(stream.loop_, WaitOutcome::timed_out);
  stream.writers_.tell_all_later(stream.loop_, WaitOutcome::timed_out);
}

void FdStream::close(Error why) {
  if (closed()) return;
  error_ = std::move(why);
  timer_.disarm();
  event_.reset();
  socket_.reset();
  readers_.tell_all_later(loop_, WaitOutcome::closed);
  writers_.tell_all_later(loop_, WaitOutcome::closed);
}

void FdStream::abort(Error why) {
  if (closed()) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(std::move(why));
}

}  // namespace sallyport::io
