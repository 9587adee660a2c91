#include "sallyport/http/http1_server.hpp"

#include <algorithm>

#include "sallyport/io/notification.hpp"

#include "gentle_close.hpp"
#include "http1_lent_parser.hpp"
#include "http1_stream_io.hpp"
#include "loop_share.hpp"

namespace sallyport::http::http1 {
namespace {

// So many pipelined exchanges in one go before the loop looks at its other connections.
constexpr unsigned most_exchanges_in_turn = 16;

constexpr std::string_view protocol_name = "http/1.1";

}  // namespace

struct Server::State {
  State(io::Stream& stream, io::BufferPool& pool, ServerOptions given, ExchangeHandler& handling)
      : client(stream),
        buffers(pool),
        input(pool),
        options(given),
        handler(handling),
        parser(given.limits),
        writer(stream) {}

  // As much of a head as has arrived.
  enum class Parsed : std::uint8_t { nothing_yet, a_part, all, refused };
  Parsed parse_head();

  void wait_at_most(io::Duration duration) { client.set_deadline(client.loop().now() + duration); }

  io::Stream& client;
  io::BufferPool& buffers;
  io::InputBuffer input;
  ServerOptions options;
  ExchangeHandler& handler;
  LentParser parser;
  MessageWriter writer;
  std::unique_ptr<const ParseError> refusal;  // what the client is told, in an answer that is the last
  bool first = true;
  bool idle = false;  // waiting for a request of which nothing has come
  bool draining = false;
  bool taken_over = false;
};

class Server::RequestBody final : public BodySource {
 public:
  explicit RequestBody(State& state) : state_(state) {}

  io::Task<Result<ByteView>> read() override {
    while (!has_buffered()) {
      state_.client.set_deadline(std::min(state_.client.loop().now() + state_.options.body, latest_));
      const Result<std::size_t> got = co_await fill(state_.client, state_.input);
      if (stopped_) break;
      if (got && *got > 0) continue;
      broken_ = true;
      if (!got) co_return std::unexpected(got.error());
      co_return fail(ErrorKind::reset, "the client ended the connection in the middle of the body");
    }
    if (stopped_) co_return fail(ErrorKind::cancelled, "nobody wants the rest of the body");
    if (broken_) co_return fail(ErrorKind::malformed, fault_);
    bytes_ += ahead_.size();
    co_return std::exchange(ahead_, {});
  }

  // Looks one step ahead in what has arrived.
  [[nodiscard]] bool has_buffered() override {
    while (!(ended_ || broken_ || stopped_) && ahead_.empty()) {
      const std::expected<Step, ParseError> step = state_.parser->step(state_.input.unread());
      if (!step) {
        broken_ = true;
        fault_ = step.error().reason;
        break;
      }
      state_.input.consume(step->consumed);
      if (step->event == Event::need_more) return false;
      ended_ = step->event == Event::end;
      ahead_ = step->body;
    }
    return true;
  }

  void stop() override {
    if (std::exchange(stopped_, true)) return;
    // Wakes a waiting read(); the response is finished or given up, so nobody else waits for the client.
    state_.client.set_deadline(state_.client.loop().now());
  }
  // For what is left of a body that nobody wants.
  void resume_until(io::TimePoint latest) {
    stopped_ = false;
    latest_ = latest;
  }

  [[nodiscard]] Fields& trailers() override { return state_.parser->trailers(); }

  [[nodiscard]] bool ended() const { return ended_ && ahead_.empty(); }
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool begun() const { return bytes_ > 0 || ended_; }

 private:
  State& state_;
  ByteView ahead_;
  bool ended_ = false;
  bool broken_ = false;
  std::string fault_;
  bool stopped_ = false;
  io::TimePoint latest_ = io::never;
  std::uint64_t bytes_ = 0;
};

class Server::Response final : public ResponseSink {
 public:
  Response(State& state, const RequestBody& request_body) : state_(state), request_body_(request_body) {}

  io::Task<Result<void>> send_interim(const ResponseHead& head) override {
    // An HTTP/1.0 client knows no interim responses (RFC 9110 §15.2).
    if (extras().minor_version == 0) co_return Result<void>();
    continued_ = continued_ || head.status == 100;
    wait_for_client();
    write_response_head(state_.writer.begin({}), head, {}, extras().minor_version, true);
    co_return co_await state_.writer.flush();
  }

  io::Task<Result<void>> send_head(const ResponseHead& head, BodyShape body) override {
    const Framing framing = framing_towards(framing_of(body), extras().minor_version);
    // A client that was told to wait may or may not send the body now: nobody can tell what follows.
    // The same where the body broke.
    const bool body_in_doubt =
        request_body_.broken() || (extras().expects_continue && !continued_ && !request_body_.begun());
    final_ = true;
    keep_alive_ = extras().keep_alive && !state_.draining && !end_after_ && !body_in_doubt &&
                  framing.kind != BodyKind::until_close;
    wait_for_client();
    write_response_head(state_.writer.begin(framing), head, framing, extras().minor_version, keep_alive_);
    co_return Result<void>();
  }

  io::Task<Result<void>> send_body(ByteView part) override {
    wait_for_client();
    return state_.writer.write_body(part);
  }
  io::Task<Result<void>> flush() override { return state_.writer.flush(); }

  io::Task<Result<void>> finish(const Fields& trailers) override {
    wait_for_client();
    // The end of the connection, which follows at once where no request's body is still to come.
    if (!goes_on() && extras().framing.kind == BodyKind::none) state_.client.more_follows(true);
    const Result<void> finished = co_await state_.writer.finish(trailers);
    finished_ = finished.has_value();
    co_return finished;
  }

  io::Task<Result<io::Stream*>> take_over(const ResponseHead& head, std::string_view protocol) override {
    final_ = true;
    wait_for_client();
    write_response_head(state_.writer.begin({}), head, {}, extras().minor_version, true, protocol);
    const Result<void> flushed = co_await state_.writer.flush();
    if (!flushed) co_return std::unexpected(flushed.error());
    state_.taken_over = true;
    state_.client.unread(state_.input.unread());
    state_.input.consume(state_.input.unread().size());
    state_.input.release_if_empty();
    co_return &state_.client;
  }

  void cut_off() override {
    finished_ = false;
    state_.client.abort({ErrorKind::reset, "the response could not be completed"});
  }
  void end_connection_after() override { end_after_ = true; }
  [[nodiscard]] bool head_sent() const override { return final_ && state_.writer.flushed(); }
  [[nodiscard]] std::uint64_t body_bytes() const override { return state_.writer.body_bytes(); }

  // The response is complete, and the client was told that the connection goes on.
  [[nodiscard]] bool connection_lives() const { return finished_ && goes_on(); }

 private:
  [[nodiscard]] const RequestExtras& extras() const { return state_.parser->extras(); }
  [[nodiscard]] bool goes_on() const { return keep_alive_ && !end_after_; }
  void wait_for_client() { state_.wait_at_most(state_.options.body); }

  State& state_;
  const RequestBody& request_body_;
  bool continued_ = false;
  bool final_ = false;  // past the interim responses
  bool keep_alive_ = false;
  bool end_after_ = false;
  bool finished_ = false;
};

Server::Server(io::Stream& client, io::BufferPool& buffers, ServerOptions options, ExchangeHandler& handler)
    : state_(std::make_unique<State>(client, buffers, options, handler)) {}

Server::~Server() = default;

void Server::drain() {
  state_->draining = true;
  if (state_->idle) state_->client.set_deadline(state_->client.loop().now());
}

io::Task<void> Server::serve() {
  io::EventLoop& loop = state_->client.loop();
  LoopShare share(loop, most_exchanges_in_turn);
  bool more = true;
  while (more) {
    if (!share.take()) {
      co_await io::next_turn(loop);
      continue;
    }
    more = co_await read_head();
    if (more) more = co_await serve_one();
    state_->parser.give_back();
  }
  if (state_->refusal) co_await refuse();
  if (state_->taken_over) co_return;
  state_->input.consume(state_->input.unread().size());
  state_->input.release_if_empty();
  co_await close_gently(state_->client, state_->buffers);
}

// After read_head(), whose long waits should not keep this frame.
io::Task<bool> Server::serve_one() {
  RequestParser& parser = *state_->parser;
  const RequestExtras& extras = parser.extras();
  RequestBody body(*state_);
  Response response(*state_, body);
  Exchange exchange{.request = parser.head(),
                    .request_shape = shape_of(extras.framing),
                    .request_body = body,
                    .response = response,
                    .expects_continue = extras.expects_continue,
                    .upgrade = extras.upgrade,
                    .protocol = protocol_name};
  co_await state_->handler.handle(exchange);
  if (state_->taken_over) co_return false;
  if (!response.connection_lives() || body.broken()) co_return false;
  const io::TimePoint patience_ends = state_->client.loop().now() + surplus_patience;
  body.resume_until(patience_ends);
  std::uint64_t surplus = 0;
  while (!body.ended()) {
    const Result<ByteView> part = co_await body.read();
    if (!part) co_return false;
    surplus += part->size();
    if (surplus > surplus_bytes || state_->client.loop().now() > patience_ends) co_return false;
  }
  co_return true;
}

Server::State::Parsed Server::State::parse_head() {
  if (input.empty() && !parser.held()) return Parsed::nothing_yet;
  const std::expected<Step, ParseError> step = parser->step(input.unread());
  if (!step) {
    refusal = std::make_unique<const ParseError>(step.error());
    return Parsed::refused;
  }
  input.consume(step->consumed);
  if (step->event == Event::head) return Parsed::all;
  return parser->in_message() ? Parsed::a_part : Parsed::nothing_yet;
}

// Most of its life a connection waits here: what is not needed for that stands elsewhere, and not in the frame.
io::Task<bool> Server::read_head() {
  State& state = *state_;
  state.idle = true;
  state.wait_at_most(state.first ? state.options.header : state.options.idle);
  state.first = false;
  for (;;) {
    const State::Parsed parsed = state.parse_head();
    if (parsed != State::Parsed::nothing_yet && std::exchange(state.idle, false)) {
      state.wait_at_most(state.options.header);
    }
    if (parsed == State::Parsed::all) co_return true;
    if (parsed == State::Parsed::refused || (state.idle && state.draining)) co_return false;
    const Result<std::size_t> got = co_await fill(state.client, state.input);
    if (!got && got.error().kind == ErrorKind::timed_out && !state.idle) {
      state.refusal = std::make_unique<const ParseError>(ParseError{408, "the request's head did not arrive in time"});
    }
    if (!got || *got == 0) co_return false;
  }
}

io::Task<void> Server::refuse() {
  State& state = *state_;
  const Page page = state.handler.refuse_unreadable(*state.refusal);
  const Framing framing{BodyKind::length, page.body.size()};
  write_response_head(state.writer.begin(framing), page.head, framing, 1, false);
  state.wait_at_most(state.options.body);
  // Nothing depends on whether it arrives: the connection ends anyway.
  [[maybe_unused]] Result<void> written = co_await state.writer.write_body(bytes_of(page.body));
  written = co_await state.writer.flush();
}

}  // namespace sallyport::http::http1
