#include "http2_upstream.hpp"

#include <utility>

namespace sallyport::http::http2 {
namespace {

// Interim responses that nobody has asked for yet.
constexpr std::size_t most_heads_waiting = 32;

// What is made is submitted at once, so that one serves all connections of a worker, and those that are idle keep none.
OutgoingBlock& block_in_hand() {
  static thread_local OutgoingBlock block;
  return block;
}

}  // namespace

Upstream::Upstream(UpstreamContext& context, bool reused) : context_(context), reused_(reused) {}

Upstream::~Upstream() = default;

// --- the request -----------------------------------------------------------------------------------

io::Task<Result<void>> Upstream::send_head(const RequestHead& head, BodyShape body, std::string_view upgrade) {
  co_return begin(head, body, upgrade);
}

Result<void> Upstream::begin(const RequestHead& head, BodyShape body, std::string_view upgrade) {
  if (fault_) return std::unexpected(*fault_);
  switching_ = !upgrade.empty();
  method_ = switching_ ? "CONNECT" : head.method;
  // Trailers behind a body of known length come only where they were announced (RFC 9110 §6.6.2).
  ends_by_length_ = body.length.has_value() && head.fields.count("trailer") == 0;
  body_left_ = body.length.value_or(0);
  OutgoingBlock& outgoing = block_in_hand();
  outgoing.set_request(head, body, upgrade);
  const bool complete = !switching_ && (!body.present || (ends_by_length_ && body_left_ == 0));
  Result<std::unique_ptr<Flow>> flow = context_.connection.open(outgoing.fields(), complete, *this);
  if (!flow) return std::unexpected(flow.error());
  flow_ = std::move(*flow);
  flow_->expect(room_);
  return {};
}

void Upstream::wait_for_origin() { flow_->set_deadline(flow_->loop().now() + context_.options.body); }

bool Upstream::has_room() { return flow_->closed() || flow_->has_room(); }

io::Task<Result<void>> Upstream::wait_for_room() {
  wait_for_origin();
  const Result<void> room = co_await flow_->room();
  co_return room;
}

io::Task<Result<void>> Upstream::send_body(ByteView part) {
  wait_for_origin();
  // END_STREAM goes with the last byte: a frame for it alone would wait for a window that nobody needs to open.
  const bool last = ends_by_length_ && part.size() == body_left_;
  body_left_ -= part.size();
  const Result<void> sent = co_await flow_->send(part, last);
  co_return sent;
}

io::Task<Result<void>> Upstream::finish(const Fields& trailers) {
  // A tunnel's direction ends with the tunnel.
  if (switching_ || flow_->finished()) co_return Result<void>();
  if (!trailers.empty()) {
    OutgoingBlock& outgoing = block_in_hand();
    outgoing.set_trailers(trailers);
    co_return flow_->finish_with(outgoing.fields());
  }
  wait_for_origin();
  const Result<void> finished = co_await flow_->finish();
  co_return finished;
}

// --- the response ----------------------------------------------------------------------------------

void Upstream::expect(std::size_t room) {
  room_ = room;
  if (flow_) flow_->expect(room);
}

io::Task<Result<ResponseHead*>> Upstream::read_head() {
  while (heads_.empty()) {
    if (fault_ || flow_->closed()) co_return failure();
    wait_for_origin();
    const Result<void> readable = co_await flow_->ready(io::Interest::readable);
    if (!readable) co_return std::unexpected(readable.error());
  }
  current_ = std::move(heads_.front());
  heads_.erase(heads_.begin());
  if (heads_.empty()) heads_.shrink_to_fit();
  co_return &current_.head;
}

std::unexpected<Error> Upstream::failure() {
  if (!fault_) return std::unexpected(flow_->error());
  flow_->reset(ErrorCode::protocol_error, *fault_);
  return std::unexpected(*fault_);
}

BodySource& Upstream::response_body() {
  if (!body_) body_.emplace(*flow_, context_.options.body, trailers_);
  return *body_;
}

io::Stream& Upstream::take_over() {
  flow_->expect(unbounded_room);
  return *flow_;
}

void Upstream::close(Error why) {
  if (flow_) {
    flow_->close(std::move(why));
  } else {
    fault_ = std::move(why);
  }
}

Again Upstream::again() const {
  if (!flow_) return fault_ ? Again::no : Again::yes;
  if (begun_ || !flow_->closed()) return Again::no;
  if (flow_->code() == ErrorCode::http_1_1_required) return Again::over_http1;
  if (flow_->unprocessed()) return Again::yes;
  return reused_ && context_.connection.ended() ? Again::if_idempotent : Again::no;
}

// --- its blocks ------------------------------------------------------------------------------------

void Upstream::begin_block() {
  begun_ = true;
  context_.head.clear();
  context_.trailers.clear();
}

void Upstream::add_field(std::string_view name, std::string_view value) {
  if (final_head_came_) {
    context_.trailers.add(name, value);
  } else {
    context_.head.add(name, value);
  }
}

void Upstream::refuse_field(std::string_view name, std::string_view value) {
  add_field(name, value);  // our own rules give the better reason
  ReceivedBlock& block = final_head_came_ ? static_cast<ReceivedBlock&>(context_.trailers) : context_.head;
  block.add_fault(502, "a field that HTTP does not allow");
}

void Upstream::end_block(bool end_stream) {
  if (final_head_came_) return trailers_.take(context_.trailers);
  if (fault_) return;
  ResponseBlock& block = context_.head;
  const std::expected<void, ParseError> finished = block.finish(method_, end_stream);
  if (!finished) {
    fault_ = {ErrorKind::malformed, finished.error().reason};
  } else if (heads_.size() == most_heads_waiting) {
    fault_ = {ErrorKind::malformed, "the origin sends interim responses without end"};
  } else {
    Received& received = heads_.emplace_back(Received{std::move(block.head()), block.shape()});
    final_head_came_ = received.head.status >= 200;
    if (switching_ && received.head.status / 100 == 2) received.head.status = 101;
  }
}

}  // namespace sallyport::http::http2
