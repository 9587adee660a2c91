#include "http2_server_stream.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "http2_connection.hpp"

namespace sallyport::http::http2 {
namespace {

constexpr std::string_view protocol_name = "h2";

// So much of a body's end is copied, so that END_STREAM goes with it: a frame for that alone costs more, and would wait
// for a window that nobody needs to open.
constexpr std::size_t most_held_back = 4096;

}  // namespace

ServerStream::ServerStream(ServerContext& context) : context_(context), response_(*this) {}

void ServerStream::open(std::unique_ptr<Flow> flow) {
  flow_ = std::move(flow);
  fault_.reset();
  phase_ = Phase::reading_head;
  dropped_ = false;
  trailers_.clear();
  body_.emplace(*flow_, context_.options.body, trailers_);
  response_.reset();
  cancellation_.emplace();
}

void ServerStream::close() {
  assert(!task_ || task_->done());
  task_.reset();
  cancellation_.reset();
  body_.reset();
  flow_.reset();
}

// --- what nghttp2 tells ----------------------------------------------------------------------------

void ServerStream::begin_block() {
  if (phase_ == Phase::reading_head) {
    context_.head.clear();
    context_.owner.on_head_begun(*this);
  } else {
    context_.trailers.clear();
  }
}

void ServerStream::add_field(std::string_view name, std::string_view value) {
  if (phase_ == Phase::reading_head) {
    context_.head.add(name, value);
  } else {
    context_.trailers.add(name, value);
  }
}

void ServerStream::refuse_field(std::string_view name, std::string_view value) {
  add_field(name, value);  // our own rules give the better reason
  ReceivedBlock& block = phase_ == Phase::reading_head ? static_cast<ReceivedBlock&>(context_.head)
                                                       : static_cast<ReceivedBlock&>(context_.trailers);
  block.add_fault(400, "a field that HTTP does not allow");
}

void ServerStream::end_block(bool end_stream) {
  if (phase_ != Phase::reading_head) return trailers_.take(context_.trailers);
  RequestBlock& block = context_.head;
  const auto finished = block.finish(end_stream);
  if (!finished) fault_ = finished.error();
  // The block gets the memory of an earlier head for the next one.
  std::swap(head_, block.head());
  std::swap(upgrade_, block.upgrade());
  shape_ = block.shape();
  expects_continue_ = block.expects_continue();
  phase_ = Phase::complete;
  context_.owner.on_head_complete(*this);
}

void ServerStream::on_cut_off() {
  if (phase_ == Phase::running) {
    cancellation_->cancel(flow_->error());
  } else {
    dropped_ = true;
    context_.owner.on_dropped(*this);
  }
}

// --- the exchange ----------------------------------------------------------------------------------

void ServerStream::start() {
  assert(phase_ == Phase::complete && !dropped_);
  phase_ = Phase::running;
  task_.emplace(run());
}

io::Task<void> ServerStream::run() {
  if (fault_) {
    co_await refuse();
  } else {
    Exchange exchange{.request = head_,
                      .request_shape = shape_,
                      .request_body = *body_,
                      .response = response_,
                      .expects_continue = expects_continue_,
                      .upgrade = upgrade_,
                      .protocol = protocol_name,
                      .cancellation = &*cancellation_};
    co_await context_.handler.handle(exchange);
  }
  context_.owner.on_done(*this);
}

// RFC 9113 §8.1.1: a response may come before the reset, so that people learn what was wrong.
io::Task<void> ServerStream::refuse() {
  const bool to_be_reset = fault_->status == 400;
  if (!to_be_reset) context_.owner.on_answered_fault();
  const Page page = context_.handler.refuse_unreadable(*fault_);
  const bool to_head = head_.method == "HEAD";
  const BodyShape shape = to_head ? BodyShape::none() : BodyShape::sized(page.body.size());
  Result<void> sent = co_await response_.send_head(page.head, shape);
  if (sent && !to_head) sent = co_await response_.send_body(bytes_of(page.body));
  if (!sent) co_return;
  if (!to_be_reset) {
    static const Fields no_trailers;
    sent = co_await response_.finish(no_trailers);
    co_return;
  }
  sent = co_await response_.flush();
  flow_->reset(ErrorCode::protocol_error, {ErrorKind::malformed, fault_->reason});
}

// --- the response ----------------------------------------------------------------------------------

void ServerStream::Response::reset() {
  head_ = nullptr;
  shape_ = {};
  held_.clear();
  head_sent_ = false;
  body_bytes_ = 0;
}

io::Task<Result<void>> ServerStream::Response::send_interim(const ResponseHead& head) {
  OutgoingBlock& block = stream_.context_.outgoing;
  block.set_response(head, BodyShape::none());
  co_return stream_.flow_->send_interim(block.fields());
}

io::Task<Result<void>> ServerStream::Response::send_head(const ResponseHead& head, BodyShape body) {
  head_ = &head;
  shape_ = body;
  held_.clear();
  body_bytes_ = 0;
  co_return Result<void>();
}

Result<void> ServerStream::Response::submit_head(bool end_stream) {
  if (head_ == nullptr) return {};
  OutgoingBlock& block = stream_.context_.outgoing;
  block.set_response(*std::exchange(head_, nullptr), shape_);
  head_sent_ = true;
  return stream_.flow_->send_head(block.fields(), end_stream);
}

io::Task<Result<void>> ServerStream::Response::send_body(ByteView part) {
  if (part.empty()) co_return Result<void>();
  body_bytes_ += part.size();
  if (shape_.length == body_bytes_) {
    const std::size_t held_back = std::min(part.size(), most_held_back);
    held_.assign(sallyport::text_of(part.last(held_back)));
    part = part.first(part.size() - held_back);
    if (part.empty()) co_return Result<void>();
  }
  const Result<void> submitted = submit_head(false);
  if (!submitted) co_return submitted;
  stream_.wait_at_most(stream_.context_.options.body);
  co_return co_await stream_.flow_->send(part, false);
}

std::size_t ServerStream::Response::room() {
  return stream_.flow_->closed() ? unbounded_room : stream_.flow_->room_now();
}

io::Task<Result<void>> ServerStream::Response::wait_for_room() {
  // Only a stream whose head is on its way hears of windows that open.
  const Result<void> submitted = submit_head(false);
  if (!submitted) co_return submitted;
  stream_.wait_at_most(stream_.context_.options.body);
  co_return co_await stream_.flow_->room();
}

io::Task<Result<void>> ServerStream::Response::flush() {
  const Result<void> submitted = submit_head(false);
  if (!submitted || held_.empty()) co_return submitted;
  stream_.wait_at_most(stream_.context_.options.body);
  const Result<void> sent = co_await stream_.flow_->send(bytes_of(held_), false);
  held_.clear();
  co_return sent;
}

io::Task<Result<void>> ServerStream::Response::finish(const Fields& trailers) {
  Flow& flow = *stream_.flow_;
  const bool last = trailers.empty();
  const Result<void> submitted = submit_head(last && held_.empty());
  if (!submitted) co_return submitted;
  stream_.wait_at_most(stream_.context_.options.body);
  if (!held_.empty()) {
    const Result<void> sent = co_await flow.send(bytes_of(held_), last);
    held_.clear();
    if (!sent) co_return sent;
  }
  if (!last) {
    OutgoingBlock& block = stream_.context_.outgoing;
    block.set_trailers(trailers);
    if (!block.fields().empty()) co_return flow.finish_with(block.fields());
  }
  if (flow.finished()) co_return Result<void>();
  co_return co_await flow.finish();
}

io::Task<Result<io::Stream*>> ServerStream::Response::take_over(const ResponseHead& head,
                                                                std::string_view /*protocol*/) {
  ResponseHead switched = head;
  if (switched.status == 101) switched.status = 200;  // RFC 8441 §5
  head_ = &switched;
  shape_ = {};
  const Result<void> submitted = submit_head(false);
  if (!submitted) co_return std::unexpected(submitted.error());
  co_return stream_.flow_.get();
}

bool ServerStream::Response::require_http1() {
  stream_.flow_->reset(ErrorCode::http_1_1_required, {ErrorKind::unsupported, "this request takes HTTP/1.1"});
  return true;
}

bool ServerStream::Response::refuse_unprocessed() {
  stream_.flow_->reset(ErrorCode::refused_stream, {ErrorKind::reset, "the origin refused the request unprocessed"});
  return true;
}

void ServerStream::Response::cut_off() {
  stream_.flow_->reset(ErrorCode::internal_error, {ErrorKind::reset, "the response could not be completed"});
}

void ServerStream::Response::end_connection_after() { stream_.flow_->connection().drain(); }

}  // namespace sallyport::http::http2
