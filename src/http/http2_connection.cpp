#include "http2_connection.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "http2_session.hpp"

namespace sallyport::http::http2 {
namespace {

using io::Attempt;

// More than this is kept for no peer, however many streams it has, but for the frame that fills it.
constexpr std::size_t most_output_to_client = std::size_t{16} * 1024;
// There are many clients to an origin's connection, and an upload's frames leave eight records at a time.
constexpr std::size_t most_output_to_origin = std::size_t{128} * 1024;
// A peer that sends as fast as we read does not keep the loop to itself.
constexpr unsigned most_reads_in_turn = 16;

// A block that decodes to more than so many times what was advertised is no mistake about sizes: HPACK makes four
// kilobytes of one (RFC 9113 §10.5.1), and all of them cost time to decode.
constexpr std::size_t tolerated_excess = 4;
constexpr std::size_t overhead_of_field = 32;  // RFC 9113 §6.5.2

}  // namespace

void Connection::Waiter::on_wait_over(io::WaitOutcome outcome) {
  waiting = false;
  switch (outcome) {
    case io::WaitOutcome::ready:
      (connection_.*ready_)();
      return;
    case io::WaitOutcome::timed_out:
      connection_.on_timeout();
      (connection_.*ready_)();
      return;
    case io::WaitOutcome::closed:
      connection_.finish(connection_.stream_.error());
      return;
  }
}

Connection::Connection(io::Stream& stream, io::BufferPool& buffers, ConnectionOptions options, ConnectionOwner& owner)
    : stream_(stream),
      buffers_(buffers),
      input_(buffers),
      options_(options),
      owner_(owner),
      reader_(*this, &Connection::read),
      writer_(*this, &Connection::pump),
      arriving_(options.role == Role::server ? NGHTTP2_CLIENT_MAGIC_LEN : 0),
      output_(options.role == Role::client ? most_output_to_origin : most_output_to_client),
      window_(options.role == Role::client ? responses_window : requests_window),
      started_(stream.loop().now()),
      output_moved_(started_),
      idle_since_(started_) {}

Connection::~Connection() {
  assert(first_ == nullptr && "a connection outlives its flows");
  stream_.stop_waiting(reader_);
  stream_.stop_waiting(writer_);
  stream_.loop().forget_ready(this);
}

void Connection::start() {
  const Result<nghttp2_session*> made = new_session(*this, memory_, options_);
  if (!made) {
    finish(made.error());
    return;
  }
  session_.reset(*made);
  schedule_pump();
  stream_.set_deadline(deadline());
  wait_for({Attempt::State::wait_readable}, reader_);
}

// --- the stream ------------------------------------------------------------------------------------

void Connection::wait_for(const Attempt& attempt, Waiter& waiter) {
  if (std::exchange(waiter.waiting, true)) return;
  const bool to_write = attempt.state == Attempt::State::wait_writable;
  stream_.wait(to_write ? io::Interest::writable : io::Interest::readable, waiter);
}

void Connection::read() {
  for (unsigned reads = 0; !ended_ && !reader_.waiting; ++reads) {
    if (reads == most_reads_in_turn || excessive_) {
      read_next_turn();
      break;
    }
    const Attempt attempt = stream_.try_read(input_.room());
    if (attempt.state == Attempt::State::done) {
      input_.added(attempt.count);
      receive(input_.unread());
      input_.consume(attempt.count);
      if (attempt.count > io::BufferPool::buffer_bytes) {
        read_behind_readers();
        break;
      }
    } else if (attempt.blocked()) {
      wait_for(attempt, reader_);
    } else if (attempt.state == Attempt::State::end) {
      finish({ErrorKind::end_of_stream, "the peer closed the connection"});
    } else {
      finish(stream_.error());
    }
  }
  input_.release_if_empty();
}

// Once those who were woken have passed on what has come, while it is in the processor's cache.
void Connection::read_behind_readers() {
  stream_.loop().make_ready([](void* self) { static_cast<Connection*>(self)->read(); }, this);
}

void Connection::read_next_turn() {
  stream_.loop().make_ready_next_turn([](void* self) { static_cast<Connection*>(self)->read(); }, this);
}

void Connection::receive(ByteView bytes) {
  if (ending_ || excessive_) return;
  ByteView rest = bytes;
  for (auto frame = arriving_.next(rest); frame; frame = arriving_.next(rest)) {
    if (!admit(*frame)) return schedule_pump();
  }
  in_session_ = true;
  in_hand_ = bytes.size();
  const ssize_t taken = nghttp2_session_mem_recv(session(), bytes.data(), bytes.size());
  in_hand_ = 0;
  in_session_ = false;
  reset_faulty_streams();
  if (taken < 0) {
    const bool flood = taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
    finish({flood ? ErrorKind::exhausted : ErrorKind::malformed,
            std::string("HTTP/2: ") + nghttp2_strerror(static_cast<int>(taken))});
  }
  renew();
  schedule_pump();
}

bool Connection::admit(const SeenFrame& frame) {
  see(frame);
  if (options_.role == Role::server && !excessive_) {
    if (const std::optional<StreamFault> fault = peer_streams_.take(frame)) {
      if (fault->of_connection) {
        end(fault->code, {ErrorKind::malformed, "HTTP/2: " + text_of(fault->code) + ": " + std::string(fault->reason)});
      } else {
        to_reset_.emplace_back(frame.stream, fault->code);
      }
    }
  }
  return !ending_ && !excessive_;
}

void Connection::reset_faulty_streams() {
  for (const auto& [stream, code] : to_reset_) {
    nghttp2_submit_rst_stream(session(), NGHTTP2_FLAG_NONE, stream, static_cast<std::uint32_t>(code));
  }
  to_reset_.clear();
}

void Connection::pump() {
  if (ended_ || writer_.waiting) return;
  do {
    if (excessive_) {
      const bool malformed = fault_.kind == ErrorKind::malformed;
      end(malformed ? ErrorCode::protocol_error : ErrorCode::enhance_your_calm, fault_);
    }
    fill();
  } while (!ended_ && !output_.empty() && write_some());
  if (ended_) return;
  if (output_.empty() && nghttp2_session_want_read(session()) == 0 && nghttp2_session_want_write(session()) == 0) {
    finish({ErrorKind::end_of_stream, "both sides were done with the connection"});
    return;
  }
  stream_.set_deadline(deadline());
}

void Connection::fill(Room room) {
  if (ended_ || in_session_) return;
  const std::size_t most = room == Room::ordinary    ? output_.most()
                           : room == Room::for_heads ? output_.most() + Output::room_for_heads
                                                     : std::numeric_limits<std::size_t>::max();
  in_session_ = true;
  const std::uint8_t* bytes = nullptr;
  ssize_t count = 0;
  do {
    count = nghttp2_session_mem_send(session(), &bytes);
    if (count > 0) append({bytes, static_cast<std::size_t>(count)});
  } while (count > 0 && output_.unsent().size() < most);
  in_session_ = false;
  if (count < 0) finish({ErrorKind::system, std::string("HTTP/2: ") + nghttp2_strerror(static_cast<int>(count))});
}

void Connection::append(ByteView bytes) {
  if (output_.empty()) output_moved_ = stream_.loop().now();
  output_.append(bytes);
}

bool Connection::write_some() {
  const Attempt attempt = stream_.try_write(output_.unsent());
  if (attempt.blocked()) {
    wait_for(attempt, writer_);
    return false;
  }
  if (attempt.state != Attempt::State::done) {
    finish(stream_.error());
    return false;
  }
  output_.sent(attempt.count);
  output_moved_ = stream_.loop().now();
  if (output_.empty() && flow_count_ == 0) output_.shrink();
  return true;
}

bool Connection::output_full() const { return output_.full(); }

void Connection::schedule_pump() {
  if (ended_ || std::exchange(pump_scheduled_, true)) return;
  // What all who are ready have to say leaves in one write, which is most of what a small exchange costs.
  stream_.loop().make_ready_last(
      [](void* self) {
        auto& connection = *static_cast<Connection*>(self);
        connection.pump_scheduled_ = false;
        connection.pump();
      },
      this);
}

void Connection::schedule_change() {
  if (std::exchange(change_scheduled_, true)) return;
  stream_.loop().make_ready(
      [](void* self) {
        auto& connection = *static_cast<Connection*>(self);
        connection.change_scheduled_ = false;
        connection.owner_.on_change();
      },
      this);
}

// --- flows -----------------------------------------------------------------------------------------

Result<std::unique_ptr<Flow>> Connection::open(std::span<const nghttp2_nv> head, bool end_stream, FlowOwner& owner) {
  if (!can_open()) return fail(ErrorKind::exhausted, "the origin's connection takes no further stream");
  const nghttp2_data_provider provider = data_provider();
  std::unique_ptr<Flow> flow(new Flow(*this, -1, &owner));
  flow->id_ = nghttp2_submit_request(session(), nullptr, head.data(), head.size(), end_stream ? nullptr : &provider,
                                     flow.get());
  if (flow->id_ < 0) {
    Error why{ErrorKind::system, std::string("HTTP/2: ") + nghttp2_strerror(flow->id_)};
    flow->owner_ = nullptr;
    flow->over(ErrorCode::internal_error, true, why);
    return std::unexpected(std::move(why));
  }
  flow->end_sent_ = end_stream;
  schedule_pump();
  return flow;
}

bool Connection::can_open() const {
  if (going_away() || nghttp2_session_check_request_allowed(session()) == 0) return false;
  return open_streams_ < streams_allowed();
}

std::uint32_t Connection::streams_allowed() const {
  return nghttp2_session_get_remote_settings(session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool Connection::congested() const { return unread_ > static_cast<std::size_t>(window_.size()) / 4 * 3; }

bool Connection::peer_takes_extended_connect() const {
  return settled_ && !ended_ &&
         nghttp2_session_get_remote_settings(session(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

void Connection::peer_opened(std::int32_t id) {
  std::unique_ptr<Flow> opened(new Flow(*this, id, nullptr));
  Flow* const flow = opened.get();
  nghttp2_session_set_stream_user_data(session(), id, flow);
  flow->code_if_dropped_ = ErrorCode::refused_stream;
  FlowOwner* const owner = owner_.on_stream(std::move(opened));
  if (owner == nullptr) return;
  flow->code_if_dropped_ = ErrorCode::cancel;
  flow->owner_ = owner;
}

void Connection::add(Flow& flow) {
  flow.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &flow;
  first_ = &flow;
  ++flow_count_;
  ++open_streams_;
  used_ = true;
}

void Connection::remove(Flow& flow) {
  if (flow.next_ != nullptr) flow.next_->previous_ = flow.previous_;
  (flow.previous_ != nullptr ? flow.previous_->next_ : first_) = flow.next_;
  --flow_count_;
  if (flow_count_ == 0) idle_since_ = stream_.loop().now();
  unread_ -= flow.received_.size();
  if (flow.apart()) unread_apart_ -= flow.received_.size();
  flow.promise(0);
  consumed(flow.received_.size());
  if (!ended_ && flow_count_ == 0) stream_.set_deadline(deadline());
  schedule_change();
}

void Connection::consumed(std::size_t count) {
  if (ended_ || count == 0) return;
  window_.consumed(count, unread_ - unread_apart_, largest_connection_window, stream_.loop().now());
  renew();
  schedule_pump();
}

// What is unread of a flow that stands apart takes nothing from the others, within a bound to all of it.
void Connection::renew() {
  if (ended_) return;
  const std::int64_t of_others = std::int64_t{window_.size()} - static_cast<std::int64_t>(unread_ - unread_apart_);
  const std::int64_t in_all = std::int64_t{most_unread} - static_cast<std::int64_t>(unread_);
  const std::int32_t left = nghttp2_session_get_local_window_size(session());
  const std::int64_t missing = std::min(of_others, in_all) - left;
  if (missing <= 0 || missing < left) return;
  nghttp2_submit_window_update(session(), NGHTTP2_FLAG_NONE, 0, static_cast<std::int32_t>(missing));
}

std::optional<std::int32_t> Connection::left_of_window(const Flow& flow) const {
  if (ended_) return std::nullopt;
  const std::int32_t left = nghttp2_session_get_stream_local_window_size(session(), flow.id_);
  if (left < 0) return std::nullopt;
  // nghttp2 reckons with our SETTINGS once they are acknowledged, the peer from the start: it reads them before
  // anything else.
  const std::uint32_t reckoned = nghttp2_session_get_local_settings(session(), NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
  return left - (static_cast<std::int32_t>(reckoned) - first_window());
}

// --- what nghttp2 tells ----------------------------------------------------------------------------

bool Connection::decoded(std::size_t name, std::size_t value) {
  decoded_ += name + value + overhead_of_field;
  if (decoded_ <= tolerated_excess * options_.header_bytes) return true;
  excessive_ = true;
  if (fault_.reason.empty()) fault_ = {ErrorKind::exhausted, "the peer floods: a field block of too many bytes"};
  return false;
}

void Connection::see(const SeenFrame& frame) {
  if (excessive_) return;
  const Result<void> allowed = owner_.on_frame(frame);
  if (allowed) return;
  excessive_ = true;
  if (fault_.reason.empty()) fault_ = allowed.error();
}

void Connection::peer_settled() {
  if (std::exchange(settled_, true)) return;
  idle_since_ = stream_.loop().now();
  schedule_change();
}

void Connection::peer_goes_away() {
  going_away_ = true;
  schedule_change();
}

void Connection::goaway_sent(ErrorCode code, std::string_view detail) {
  if (code == ErrorCode::no_error) return;
  going_away_ = true;
  if (!fault_.reason.empty()) return;
  fault_ = {ErrorKind::malformed, "HTTP/2: " + text_of(code)};
  if (!detail.empty()) fault_.reason += ": " + std::string(detail);
}

}  // namespace sallyport::http::http2
