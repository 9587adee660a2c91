#include "sallyport/http/http1_upstream.hpp"

#include "http1_stream_io.hpp"

namespace sallyport::http::http1 {

struct Http1Upstream::State {
  State(OriginConnectionPtr given, UpstreamOptions given_options, std::function<void(OriginConnectionPtr)> given_keep);

  [[nodiscard]] io::Stream& stream() const { return connection->stream(); }
  void wait_for_origin() const { stream().set_deadline(stream().loop().now() + options.idle); }

  // The parser's next event in what has arrived; need_more if there is none.
  Result<Step> step() {
    const std::expected<Step, ParseError> step = parser.step(connection->input().unread());
    if (!step) return fail(ErrorKind::malformed, step.error().reason);
    connection->input().consume(step->consumed);
    return *step;
  }

  // The parser's next event, waiting for bytes as needed.
  io::Task<Result<Step>> next() {
    for (;;) {
      const Result<Step> arrived = step();
      if (!arrived || arrived->event != Event::need_more) co_return arrived;
      wait_for_origin();
      const Result<std::size_t> got = co_await fill(stream(), connection->input());
      if (!got) co_return std::unexpected(got.error());
      if (*got > 0) {
        response_begun = true;
        continue;
      }
      if (!response_begun)
        co_return fail(ErrorKind::end_of_stream, "the origin closed the connection without an answer");
      const std::expected<Step, ParseError> last = parser.at_end_of_input();
      if (!last) co_return fail(ErrorKind::reset, last.error().reason);
      ended_by_close = true;
      co_return *last;
    }
  }

  OriginConnectionPtr connection;
  UpstreamOptions options;
  std::function<void(OriginConnectionPtr)> keep;
  ResponseParser parser;
  MessageWriter writer;
  std::string method;
  std::unique_ptr<Body> body;
  bool request_finished = false;
  bool response_begun = false;
  bool response_ended = false;
  bool interim = false;
  bool ended_by_close = false;
  bool broken = false;
};

class Http1Upstream::Body final : public BodySource {
 public:
  explicit Body(State& state) : state_(state) {}

  io::Task<Result<ByteView>> read() override {
    if (!has_buffered()) ahead_ = co_await state_.next();
    if (!ahead_) {
      state_.broken = true;
      co_return std::unexpected(ahead_.error());
    }
    const Step taken = std::exchange(*ahead_, Step());
    state_.response_ended = state_.response_ended || taken.event == Event::end;
    co_return taken.body;
  }

  [[nodiscard]] bool has_buffered() override {
    if (state_.response_ended || !ahead_ || ahead_->event != Event::need_more) return true;
    ahead_ = state_.step();
    return !ahead_ || ahead_->event != Event::need_more;
  }

  void stop() override { state_.stream().close({ErrorKind::cancelled, "nobody wants the rest of the body"}); }
  [[nodiscard]] Fields& trailers() override { return state_.parser.trailers(); }

 private:
  State& state_;
  Result<Step> ahead_;  // looked at and not yet given out; need_more: nothing
};

// Here, where the body that it would end on an exception is complete.
Http1Upstream::State::State(OriginConnectionPtr given, UpstreamOptions given_options,
                            std::function<void(OriginConnectionPtr)> given_keep)
    : connection(std::move(given)),
      options(given_options),
      keep(std::move(given_keep)),
      parser(given_options.limits),
      writer(connection->stream()) {}

Http1Upstream::Http1Upstream(OriginConnectionPtr connection, UpstreamOptions options,
                             std::function<void(OriginConnectionPtr)> keep)
    : state_(std::make_unique<State>(std::move(connection), options, std::move(keep))) {}

Http1Upstream::~Http1Upstream() {
  if (reusable()) state_->keep(std::move(state_->connection));
}

bool Http1Upstream::reusable() const {
  // Bytes behind the response are nobody's answer (RFC 9112 §9.2 knows no unsolicited response).
  return state_->request_finished && state_->response_ended && !state_->ended_by_close && !state_->broken &&
         state_->parser.extras().keep_alive && state_->connection->input().empty();
}

io::Task<Result<void>> Http1Upstream::send_head(const RequestHead& head, BodyShape body, std::string_view upgrade) {
  State& state = *state_;
  state.method = head.method;
  state.parser.reset(state.method);
  const Framing framing = framing_of(body);
  write_request_head(state.writer.begin(framing), head, framing, {.upgrade = upgrade});
  co_return Result<void>();
}

io::Task<Result<void>> Http1Upstream::send_body(ByteView part) {
  state_->wait_for_origin();
  return state_->writer.write_body(part);
}

io::Task<Result<void>> Http1Upstream::flush() {
  state_->wait_for_origin();
  return state_->writer.flush();
}

io::Task<Result<void>> Http1Upstream::finish(const Fields& trailers) {
  state_->wait_for_origin();
  const Result<void> finished = co_await state_->writer.finish(trailers);
  state_->request_finished = finished.has_value();
  co_return finished;
}

io::Task<Result<ResponseHead*>> Http1Upstream::read_head() {
  State& state = *state_;
  for (;;) {
    const Result<Step> step = co_await state.next();
    if (!step) {
      state.broken = true;
      co_return std::unexpected(step.error());
    }
    if (step->event == Event::end && std::exchange(state.interim, false)) {
      state.parser.reset(state.method);
      continue;
    }
    ResponseHead& head = state.parser.head();
    state.interim = head.status < 200 && head.status != 101;
    co_return &head;
  }
}

BodyShape Http1Upstream::response_shape() const { return shape_of(state_->parser.extras().framing); }

BodySource& Http1Upstream::response_body() {
  if (!state_->body) state_->body = std::make_unique<Body>(*state_);
  return *state_->body;
}

io::Stream& Http1Upstream::take_over() {
  State& state = *state_;
  state.broken = true;  // never to be kept
  state.stream().unread(state.connection->input().unread());
  state.connection->input().consume(state.connection->input().unread().size());
  return state.stream();
}

void Http1Upstream::close(Error why) {
  state_->broken = true;
  state_->stream().close(std::move(why));
}

Again Http1Upstream::again() const {
  const bool too_late = state_->connection->idled() && !state_->response_begun;
  return too_late ? Again::if_idempotent : Again::no;
}

OriginFacts& Http1Upstream::facts() { return state_->connection->facts(); }

}  // namespace sallyport::http::http1
