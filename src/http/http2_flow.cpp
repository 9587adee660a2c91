#include "http2_flow.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "http2_connection.hpp"
#include "http2_session.hpp"

namespace sallyport::http::http2 {

using io::Attempt;
using io::Interest;
using io::WaitOutcome;

namespace {

constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

// The window for so many bytes, which is between these.
std::int32_t bounded(std::size_t bytes, std::int32_t least, std::int32_t most) {
  return std::max(least, static_cast<std::int32_t>(std::min(bytes, static_cast<std::size_t>(std::max(0, most)))));
}

}  // namespace

Flow::Flow(Connection& connection, std::int32_t id, FlowOwner* owner)
    : connection_(connection),
      owner_(owner),
      id_(id),
      window_(stream_window),
      unbounded_(connection.options_.role == Role::client) {
  connection_.add(*this);
}

Flow::~Flow() {
  assert(readers_.empty() && writers_.empty() && "a flow outlives whoever waits for it");
  if (cut_off_pending_) loop().forget_ready(this);
  if (!closed_) {
    const bool server_is_done = end_sent_ && connection_.options_.role == Role::server;
    // What ends our direction may still be in nghttp2, which would drop it on a reset.
    if (end_sent_) connection_.fill(Connection::Room::unbounded);
    if (!(end_sent_ && peer_ended_)) {
      reset(server_is_done ? ErrorCode::no_error : code_if_dropped_, {ErrorKind::cancelled, "nobody wants the stream"});
    } else if (!closed_) {
      nghttp2_session_set_stream_user_data(connection_.session(), id_, nullptr);
      over(ErrorCode::no_error, false, {});
    }
  }
  connection_.remove(*this);
}

io::EventLoop& Flow::loop() { return connection_.stream_.loop(); }

Result<void> Flow::submitted(int result) {
  connection_.schedule_pump();
  if (result == 0) return {};
  if (closed_) return std::unexpected(error_);
  return fail(ErrorKind::system, std::string("HTTP/2: ") + nghttp2_strerror(result));
}

Result<void> Flow::send_interim(std::span<const nghttp2_nv> fields) {
  if (closed_) return std::unexpected(error_);
  return submitted(nghttp2_submit_headers(connection_.session(), NGHTTP2_FLAG_NONE, id_, nullptr, fields.data(),
                                          fields.size(), nullptr));
}

Result<void> Flow::send_head(std::span<const nghttp2_nv> fields, bool end_stream) {
  if (closed_) return std::unexpected(error_);
  end_sent_ = end_stream;
  const nghttp2_data_provider provider = data_provider();
  const int result = nghttp2_submit_response(connection_.session(), id_, fields.data(), fields.size(),
                                             end_stream ? nullptr : &provider);
  if (result == 0 && connection_.output_full()) connection_.fill(Connection::Room::for_heads);
  return submitted(result);
}

Result<void> Flow::finish_with(std::span<const nghttp2_nv> trailers) {
  if (closed_) return std::unexpected(error_);
  assert(!end_sent_);
  end_sent_ = true;
  return submitted(nghttp2_submit_trailer(connection_.session(), id_, trailers.data(), trailers.size()));
}

Attempt Flow::try_send(ByteView from, bool last) {
  if (closed_) return {Attempt::State::failed};
  assert(!end_sent_ && "nothing follows the end");
  if (connection_.output_full()) return {Attempt::State::wait_writable};
  outgoing_ = from;
  outgoing_last_ = last;
  nghttp2_session_resume_data(connection_.session(), id_);
  connection_.fill();
  connection_.schedule_pump();
  const std::size_t count = from.size() - std::exchange(outgoing_, {}).size();
  outgoing_last_ = false;
  if (count > 0) return {Attempt::State::done, count};
  return {closed_ ? Attempt::State::failed : Attempt::State::wait_writable};
}

Attempt Flow::try_finish() {
  if (end_sent_) return {Attempt::State::done};
  if (closed_) return {Attempt::State::failed};
  end_wanted_ = true;
  nghttp2_session_resume_data(connection_.session(), id_);
  connection_.fill();
  connection_.schedule_pump();
  end_wanted_ = false;
  if (end_sent_) return {Attempt::State::done};
  return {closed_ ? Attempt::State::failed : Attempt::State::wait_writable};
}

std::size_t Flow::room_now() {
  if (connection_.output_full()) return 0;
  nghttp2_session* const session = connection_.session();
  std::int32_t window = nghttp2_session_get_stream_remote_window_size(session, id_);
  if (window < 0) {
    // The stream begins when its head is sent.
    connection_.fill();
    window = nghttp2_session_get_stream_remote_window_size(session, id_);
  }
  return static_cast<std::size_t>(std::max(0, std::min(window, nghttp2_session_get_remote_window_size(session))));
}

void Flow::reset(ErrorCode code, Error why) {
  if (closed_) return;
  nghttp2_session* const session = connection_.session();
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id_, static_cast<std::uint32_t>(code));
  nghttp2_session_set_stream_user_data(session, id_, nullptr);
  owner_ = nullptr;  // who resets it knows
  over(code, false, std::move(why));
  connection_.schedule_pump();
}

// --- nghttp2 asks and tells ------------------------------------------------------------------------

ssize_t Flow::offer(std::size_t most, std::uint32_t& flags) {
  if (!outgoing_.empty()) {
    const std::size_t count = std::min(most, outgoing_.size());
    flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (outgoing_last_ && count == outgoing_.size()) {
      flags |= NGHTTP2_DATA_FLAG_EOF;
      end_sent_ = true;
    }
    return static_cast<ssize_t>(count);
  }
  if (end_wanted_) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    end_sent_ = true;
    return 0;
  }
  // It is this stream's turn, and the windows are open: whoever waits for that may go on.
  writers_.tell_all_later(loop(), WaitOutcome::ready);
  return NGHTTP2_ERR_DEFERRED;
}

ByteView Flow::give(std::size_t count) {
  const ByteView given = outgoing_.first(count);
  outgoing_ = outgoing_.subspan(count);
  return given;
}

void Flow::peer_sent(ByteView bytes) {
  // Beyond what the reader has room for, bytes may lie here for long; where it has room, another frame may follow.
  const std::size_t coming = std::min(std::max(connection_.in_hand_, ByteQueue::least_of_flow), expected_);
  received_.push(bytes, std::max(bytes.size(), coming), connection_.buffers_);
  connection_.in_hand_ -= bytes.size();
  connection_.unread_ += bytes.size();
  if (apart()) connection_.unread_apart_ += bytes.size();
  wake_readers();
}

void Flow::peer_ended() {
  peer_ended_ = true;
  if (grown_) promise(static_cast<std::int64_t>(received_.size()));
  wake_readers();
}

void Flow::stream_closed(ErrorCode code) {
  // Both a reset and a GOAWAY of the peer's may say that it did nothing (RFC 9113 §8.7).
  const bool refused = code == ErrorCode::refused_stream && connection_.options_.role == Role::client;
  if (reset_by_peer_ || refused) {
    over(code, refused, {ErrorKind::reset, "the peer reset the stream: " + text_of(code)});
    return;
  }
  if (peer_ended_ && end_sent_) return over(code, false, {});
  Error why{ErrorKind::malformed, "HTTP/2: " + text_of(code)};
  if (!fault_.empty()) why.reason += ": " + std::string(fault_);
  over(code, false, std::move(why));
}

void Flow::over(ErrorCode code, bool unprocessed, Error why) {
  if (std::exchange(closed_, true)) return;
  --connection_.open_streams_;
  code_ = code;
  unprocessed_ = unprocessed;
  const bool complete = peer_ended_ && end_sent_;
  error_ = complete ? Error{ErrorKind::end_of_stream, "the stream has ended"} : std::move(why);
  readers_.tell_all_later(loop(), WaitOutcome::ready);
  writers_.tell_all_later(loop(), WaitOutcome::ready);
  if (complete || owner_ == nullptr) return;
  cut_off_pending_ = true;
  loop().make_ready(&Flow::tell_cut_off, this);
}

void Flow::tell_cut_off(void* self) {
  auto& flow = *static_cast<Flow*>(self);
  flow.cut_off_pending_ = false;
  flow.owner_->on_cut_off();
}

// --- reading and waiting ---------------------------------------------------------------------------

Attempt Flow::do_try_read(ByteSpan into) {
  const ByteView bytes = received_.front();
  if (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), into.size());
    std::memcpy(into.data(), bytes.data(), count);
    consume(count);
    return {Attempt::State::done, count};
  }
  if (peer_ended_) return {Attempt::State::end};
  return {closed_ ? Attempt::State::failed : Attempt::State::wait_readable};
}

void Flow::consume(std::size_t count) {
  if (count == 0) return;
  received_.pop(count);
  connection_.unread_ -= count;
  if (apart()) connection_.unread_apart_ -= count;
  untried_ -= std::min<std::uint64_t>(untried_, count);
  if (expected_ != unbounded) expected_ -= std::min(expected_, count);
  if (!closed_ && !peer_ended_) {
    grow(count);
    renew();
  } else if (grown_) {
    promise(static_cast<std::int64_t>(received_.size()));
  }
  connection_.consumed(count);
}

// What the reader has said that it takes needs no proof; beyond that its window grows with what it has shown.
void Flow::grow(std::size_t count) {
  const std::size_t own = apart() ? 0 : received_.size();
  const auto of_others = static_cast<std::int64_t>(connection_.unread_ - connection_.unread_apart_ - own);
  std::int32_t largest = share_of_one_stream(connection_.window_.size(), of_others);
  if (untried_ > 0) largest = bounded(expected_, 0, largest);
  if (!window_.consumed(count, received_.size(), largest, loop().now())) return;
  if (!apart()) connection_.unread_apart_ += received_.size();
  grown_ = true;
}

std::int32_t Flow::grown_window() const {
  return std::min(window_.size(), share_of_one_stream(largest_connection_window, connection_.promised_ - promised_));
}

void Flow::promise(std::int64_t bytes) { connection_.promised_ += bytes - std::exchange(promised_, bytes); }

void Flow::expect(std::size_t room) {
  if (room == expected_) return;
  expected_ = room;
  if (std::exchange(unbounded_, false) && !grown_) {
    connection_.unread_apart_ -= received_.size();
    window_ = GrowingWindow(bounded(room, connection_.first_window(), stream_window));
    untried_ = static_cast<std::uint64_t>(window_.size()) + 1;
  }
  if (room == 0 && readers_.empty() && writers_.empty()) timer_.reset();
  renew();
}

void Flow::renew() {
  if (closed_ || peer_ended_) return;
  const std::optional<std::int32_t> left = connection_.left_of_window(*this);
  if (!left) return;
  const std::int32_t expected = bounded(expected_, connection_.first_window(), stream_window);
  const std::int32_t window = grown_ ? std::max(grown_window(), expected) : expected;
  const std::int64_t promised = static_cast<std::int64_t>(received_.size()) + *left;
  const std::int64_t missing = std::int64_t{window} - promised;
  const bool worth_a_frame = missing > 0 && missing >= *left;
  if (grown_) promise(worth_a_frame ? window : promised);
  if (!worth_a_frame) return;
  nghttp2_submit_window_update(connection_.session(), NGHTTP2_FLAG_NONE, id_, static_cast<std::int32_t>(missing));
  connection_.schedule_pump();
}

void Flow::wake_readers() { readers_.tell_all_later(loop(), WaitOutcome::ready); }

void Flow::wait(Interest interest, io::StreamWaiter& waiter) {
  io::WaiterList& waiters = interest == Interest::readable ? readers_ : writers_;
  waiters.add(waiter);
  if (closed_ || (interest == Interest::readable && readable())) {
    waiters.tell_all_later(loop(), WaitOutcome::ready);
    return;
  }
  if (interest == Interest::writable) {
    nghttp2_session_resume_data(connection_.session(), id_);
    connection_.schedule_pump();
  }
  arm_timer();
}

void Flow::stop_waiting(io::StreamWaiter& waiter) {
  readers_.remove(waiter);
  writers_.remove(waiter);
  loop().forget_ready(&waiter);
}

void Flow::set_deadline(io::TimePoint deadline) {
  deadline_ = deadline;
  // A later deadline leaves the timer alone: when it fires too early, it is set again.
  const bool waiting = !readers_.empty() || !writers_.empty();
  const bool armed = timer_ && timer_->armed();
  if (armed ? deadline_ < timer_->armed_at() : waiting) arm_timer();
}

void Flow::arm_timer() {
  if (deadline_ == io::never) return;
  if (!timer_) timer_.emplace(loop(), &Flow::on_deadline, this);
  if (!timer_->armed() || deadline_ < timer_->armed_at()) timer_->arm(deadline_);
}

void Flow::on_deadline(void* self) {
  auto& flow = *static_cast<Flow*>(self);
  if (flow.loop().now() < flow.deadline_) {
    if (!flow.readers_.empty() || !flow.writers_.empty()) flow.arm_timer();
    return;
  }
  flow.readers_.tell_all_later(flow.loop(), WaitOutcome::timed_out);
  flow.writers_.tell_all_later(flow.loop(), WaitOutcome::timed_out);
}

}  // namespace sallyport::http::http2
