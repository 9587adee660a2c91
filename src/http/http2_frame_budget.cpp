#include "http2_frame_budget.hpp"

namespace sallyport::http::http2 {
namespace {

constexpr std::size_t frame_header_bytes = 9;

// RFC 9218 §7.1.
constexpr std::uint8_t priority_update = 0x10;

// An eighth of what arrives must be messages, beyond a start that is free.
constexpr std::uint64_t received_for_worth = 8;
constexpr std::uint64_t free_worth = 1024 * 1024;

// What the peer's streams and DATA entitle it to.
constexpr std::uint32_t priorities_for_stream = 100;
constexpr std::uint32_t control_for_stream = 2;
constexpr std::uint32_t window_updates_for_stream = 4;
constexpr std::uint32_t window_updates_for_data = 10;
constexpr std::uint32_t control_for_data = 2;
constexpr std::uint32_t empty_for_data = 1;
constexpr std::uint32_t later_blocks_for_stream = 1;
// An interim response, the response, trailers.
constexpr std::uint64_t answers_for_request = 3;

// More than a block of any honest size needs.
constexpr unsigned most_continuations = 8;

// The most of a frame that may be padding, with the byte that says how much (RFC 9113 §6.1).
constexpr std::size_t most_padding = 256;

// What a frame surely carries: a header says that there is padding, and not how much.
std::size_t certain_payload(const SeenFrame& frame) {
  const bool padded = (frame.flags & NGHTTP2_FLAG_PADDED) != 0;
  return padded ? frame.length - std::min(frame.length, most_padding) : frame.length;
}

// Codes by which we end streams for reasons of our own, whatever the peer does.
bool is_own_reason(ErrorCode code) {
  return code == ErrorCode::no_error || code == ErrorCode::internal_error || code == ErrorCode::cancel ||
         code == ErrorCode::connect_error || code == ErrorCode::http_1_1_required;
}

}  // namespace

void FrameBudget::Allowance::refill(std::uint64_t milliseconds) {
  // A bound of an hour keeps the product in range.
  const std::uint64_t earned = std::min<std::uint64_t>(milliseconds, 3'600'000) * per_second_ / 1000;
  left_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(most_, left_ + earned));
}

Result<void> FrameBudget::take(const SeenFrame& frame, io::TimePoint now) {
  if (!frame.sent) return take_received(frame, now);
  switch (frame.type) {
    case NGHTTP2_DATA:
      worth_ += frame.length;
      if (frame.length > 0) earn_for_data();
      return {};
    case NGHTTP2_HEADERS:
      note_sent_headers(frame.stream);
      return {};
    case NGHTTP2_PING:
      if ((frame.flags & NGHTTP2_FLAG_ACK) == 0) ++pings_sent_;
      return {};
    case NGHTTP2_RST_STREAM:
      return is_own_reason(frame.code) ? Result<void>() : take_ending("streams that had to be reset", now);
    default:
      return {};
  }
}

Result<void> FrameBudget::take_received(const SeenFrame& frame, io::TimePoint now) {
  const bool acknowledges = (frame.flags & NGHTTP2_FLAG_ACK) != 0;
  switch (frame.type) {
    case NGHTTP2_DATA:
      return take_data(frame, now);
    case NGHTTP2_HEADERS:
      return take_headers(frame, now);
    case NGHTTP2_CONTINUATION:
      return take_continuation(frame);
    case NGHTTP2_PRIORITY:
    case priority_update:
      return spend(priorities_, "PRIORITY frames", now);
    case NGHTTP2_RST_STREAM:
      return take_ending("resets of streams", now);
    case NGHTTP2_WINDOW_UPDATE:
      return spend(window_updates_, "WINDOW_UPDATE frames", now);
    case NGHTTP2_SETTINGS:
      // One that acknowledges nothing is an error of its own.
      return acknowledges ? Result<void>() : spend(control_, "SETTINGS frames", now);
    case NGHTTP2_PING:
      if (acknowledges && pings_sent_ > 0) {
        --pings_sent_;
        return {};
      }
      return spend(control_, "PING frames", now);
    case NGHTTP2_GOAWAY:
      return spend(control_, "GOAWAY frames", now);
    default: {
      const Result<void> weighed = weigh(frame.length, 0);
      return weighed ? spend(control_, "frames of unknown types", now) : weighed;
    }
  }
}

Result<void> FrameBudget::take_headers(const SeenFrame& frame, io::TimePoint now) {
  continuations_ = 0;
  const Result<void> weighed = weigh(frame.length, certain_payload(frame));
  if (!weighed) return weighed;
  if (role_ == Role::client) return take_answer(now);
  if (frame.stream <= newest_stream_) return spend(later_blocks_, "header blocks behind a stream's first", now);
  newest_stream_ = frame.stream;
  later_blocks_.earn(later_blocks_for_stream);
  earn_for_stream();
  return {};
}

Result<void> FrameBudget::take_answer(io::TimePoint now) {
  if (answers_ == 0) return spend(later_blocks_, "header blocks that nobody asked for", now);
  --answers_;
  return {};
}

Result<void> FrameBudget::take_ending(std::string_view what, io::TimePoint now) {
  if (endings_ == 0) return spend(resets_, what, now);
  --endings_;
  return {};
}

void FrameBudget::note_sent_headers(std::int32_t stream) {
  earn_for_stream();
  if (role_ == Role::server || stream <= newest_stream_) return;
  newest_stream_ = stream;
  answers_ += answers_for_request;
  ++endings_;
}

Result<void> FrameBudget::take_continuation(const SeenFrame& frame) {
  if (++continuations_ > most_continuations) {
    return fail(ErrorKind::exhausted, "the peer floods: too many CONTINUATION frames in a header block");
  }
  return weigh(frame.length, frame.length);
}

Result<void> FrameBudget::take_answered_fault(io::TimePoint now) {
  return spend(resets_, "requests with too large a header", now);
}

Result<void> FrameBudget::spend(Allowance& allowance, std::string_view what, io::TimePoint now) {
  if (allowance.take()) return {};
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - refilled_);
  if (passed >= std::chrono::seconds(1)) {
    refilled_ = now;
    for (Allowance* each : {&resets_, &control_, &window_updates_, &priorities_, &empty_data_, &later_blocks_}) {
      each->refill(static_cast<std::uint64_t>(passed.count()));
    }
    if (allowance.take()) return {};
  }
  return fail(ErrorKind::exhausted, "the peer floods: too many " + std::string(what));
}

void FrameBudget::earn_for_stream() {
  priorities_.earn(priorities_for_stream);
  control_.earn(control_for_stream);
  window_updates_.earn(window_updates_for_stream);
}

void FrameBudget::earn_for_data() {
  control_.earn(control_for_data);
  window_updates_.earn(window_updates_for_data);
}

Result<void> FrameBudget::take_data(const SeenFrame& frame, io::TimePoint now) {
  const bool ends = (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const std::size_t payload = certain_payload(frame);
  const Result<void> weighed = weigh(frame.length, payload);
  if (!weighed) return weighed;
  if (payload > 0) {
    earn_for_data();
    empty_data_.earn(empty_for_data);
    return {};
  }
  return ends ? Result<void>() : spend(empty_data_, "empty DATA frames", now);
}

Result<void> FrameBudget::weigh(std::size_t frame_bytes, std::size_t worth) {
  received_ += frame_bytes + frame_header_bytes;
  worth_ += worth;
  if (received_ / received_for_worth <= worth_ + free_worth) return {};
  return fail(ErrorKind::exhausted, "the peer floods: too many bytes of overhead");
}

}  // namespace sallyport::http::http2
