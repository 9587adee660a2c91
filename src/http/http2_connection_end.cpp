// How a connection comes to its end: by its deadlines, by our wish, by a fault.
#include <algorithm>
#include <utility>

#include "http2_connection.hpp"

namespace sallyport::http::http2 {

io::TimePoint Connection::deadline() const {
  io::TimePoint earliest = io::never;
  if (!output_.empty() || ending_) earliest = output_moved_ + options_.stall;
  if (ending_) return earliest;
  if (!settled_) earliest = std::min(earliest, started_ + options_.first);
  if (settled_ && flow_count_ == 0) {
    const io::Duration patience = used_ ? options_.idle : std::max(options_.first, options_.idle);
    earliest = std::min(earliest, idle_since_ + patience);
  }
  return earliest;
}

void Connection::on_timeout() {
  if (ended_) return;
  const io::TimePoint now = stream_.loop().now();
  if (now < deadline()) {
    stream_.set_deadline(deadline());
    return;
  }
  if ((!output_.empty() || ending_) && now >= output_moved_ + options_.stall) {
    finish({ErrorKind::timed_out, "the peer does not take what it asked for"});
  } else if (!settled_) {
    end(ErrorCode::settings_timeout, {ErrorKind::timed_out, "no HTTP/2 SETTINGS came in time"});
  } else {
    end(ErrorCode::no_error, {ErrorKind::timed_out, "the connection was idle"});
  }
}

void Connection::drain() {
  if (ended_ || std::exchange(draining_, true)) return;
  going_away_ = true;
  nghttp2_submit_shutdown_notice(session());
  // Streams that the client had opened before it read the notice have come when this is answered.
  nghttp2_submit_ping(session(), NGHTTP2_FLAG_NONE, nullptr);
  schedule_pump();
}

void Connection::ping_answered() {
  if (!std::exchange(draining_, false)) return;
  nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void Connection::end(ErrorCode code, Error why) {
  if (ended_ || std::exchange(ending_, true)) return;
  going_away_ = true;
  output_moved_ = stream_.loop().now();
  if (fault_.reason.empty()) fault_ = why;
  nghttp2_session_terminate_session(session(), static_cast<std::uint32_t>(code));
  fail_flows(why);
  schedule_pump();
}

void Connection::close(Error why) {
  if (fault_.reason.empty()) fault_ = why;
  finish(std::move(why));
}

void Connection::finish(Error why) {
  if (std::exchange(ended_, true)) return;
  why_ = fault_.reason.empty() ? std::move(why) : fault_;
  stream_.stop_waiting(reader_);
  stream_.stop_waiting(writer_);
  fail_flows(why_);
  output_.clear();
  schedule_change();
}

void Connection::fail_flows(const Error& why) {
  for (Flow* flow = first_; flow != nullptr; flow = flow->next_) {
    nghttp2_session_set_stream_user_data(session(), flow->id_, nullptr);
    flow->over(ErrorCode::cancel, false, why);
  }
}

}  // namespace sallyport::http::http2
