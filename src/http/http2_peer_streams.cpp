#include "http2_peer_streams.hpp"

#include <algorithm>

namespace sallyport::http::http2 {

std::optional<StreamFault> PeerStreams::take(const SeenFrame& frame) {
  const bool interrupts = in_block_ && frame.type != NGHTTP2_CONTINUATION;
  if (frame.type == NGHTTP2_HEADERS || frame.type == NGHTTP2_CONTINUATION) {
    in_block_ = (frame.flags & NGHTTP2_FLAG_END_HEADERS) == 0;
  }
  // That is another fault (RFC 9113 §6.10), which nghttp2 finds.
  if (interrupts) return std::nullopt;
  const bool head = frame.type == NGHTTP2_HEADERS;
  if (frame.type == NGHTTP2_PRIORITY && frame.stream == 0) {
    // nghttp2 does not look at priorities, which RFC 9113 §5.3 abolished; §6.3 keeps this rule.
    return StreamFault{ErrorCode::protocol_error, true, "a PRIORITY frame of stream 0"};
  }
  if (frame.type == NGHTTP2_RST_STREAM) {
    if (seen(frame.stream)) note_end(frame.stream, End::reset);
    return std::nullopt;
  }
  if (!head && frame.type != NGHTTP2_DATA) return std::nullopt;
  const bool clients = frame.stream % 2 == 1;
  if (!clients || (!head && !seen(frame.stream))) return std::nullopt;  // nghttp2 refuses those

  if (!seen(frame.stream)) {
    open(frame.stream);
  } else if (skipped(frame.stream)) {
    return StreamFault{ErrorCode::protocol_error, true, "a stream below one that was opened before"};
  } else if (const End how = end_of(frame.stream); how == End::announced) {
    return StreamFault{ErrorCode::stream_closed, true, "a frame of a stream that its sender had ended"};
  } else if (how == End::reset) {
    return StreamFault{ErrorCode::stream_closed, false, "a frame of a stream that its sender had reset"};
  }
  if ((frame.flags & NGHTTP2_FLAG_END_STREAM) != 0) note_end(frame.stream, End::announced);
  return std::nullopt;
}

void PeerStreams::open(std::int32_t stream) {
  const std::int32_t expected = last_ == 0 ? 1 : last_ + 2;
  if (stream > expected) {
    first_skipped_ = expected;
    end_of_skipped_ = stream;
  }
  last_ = stream;
}

void PeerStreams::note_end(std::int32_t stream, End how) {
  ended_[next_ended_] = {stream, how};
  next_ended_ = (next_ended_ + 1) % ended_.size();
}

PeerStreams::End PeerStreams::end_of(std::int32_t stream) const {
  // A stream that was both ended and reset counts as reset, whichever came first.
  const auto reset = [&](const Ended& one) { return one.stream == stream && one.how == End::reset; };
  const auto announced = [&](const Ended& one) { return one.stream == stream && one.how == End::announced; };
  if (std::any_of(ended_.begin(), ended_.end(), reset)) return End::reset;
  return std::any_of(ended_.begin(), ended_.end(), announced) ? End::announced : End::none;
}

}  // namespace sallyport::http::http2
