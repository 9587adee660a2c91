#include "sallyport/http/http2_server.hpp"

#include <deque>
#include <list>

#include "sallyport/io/notification.hpp"

#include "gentle_close.hpp"
#include "http2_connection.hpp"
#include "http2_frame_budget.hpp"
#include "http2_server_stream.hpp"
#include "loop_share.hpp"

namespace sallyport::http::http2 {
namespace {

// So many requests are begun in one go before the loop looks at its other connections.
constexpr unsigned most_begun_in_turn = 16;

// Streams whose memory is kept for the next ones.
constexpr std::size_t most_spare = 8;

}  // namespace

struct Server::State final : ConnectionOwner, ServerStreamOwner {
  State(io::Stream& stream, io::BufferPool& pool, ServerOptions given, ExchangeHandler& handler)
      : client(stream),
        buffers(pool),
        loop(stream.loop()),
        options(given),
        budget(Role::server, loop.now()),
        context{.loop = loop, .options = given, .handler = handler, .owner = *this},
        changed(loop),
        head_timer(loop, &State::on_head_late, this),
        share(loop, most_begun_in_turn),
        connection(stream, pool,
                   {.role = Role::server,
                    .streams = given.streams,
                    .header_bytes = static_cast<std::uint32_t>(given.limits.header_bytes),
                    .first = given.header,
                    .idle = given.idle,
                    .stall = given.body},
                   *this) {}
  ~State() { loop.forget_ready(this); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // --- ConnectionOwner -----------------------------------------------------------------------------
  FlowOwner* on_stream(std::unique_ptr<Flow> flow) override {
    if (spare.empty()) {
      streams.emplace_back(context);
    } else {
      streams.splice(streams.end(), spare, spare.begin());
    }
    ServerStream& stream = streams.back();
    stream.position = std::prev(streams.end());
    stream.open(std::move(flow));
    return &stream;
  }
  Result<void> on_frame(const SeenFrame& frame) override { return budget.take(frame, loop.now()); }
  void on_change() override { changed.notify(); }

  // --- ServerStreamOwner ---------------------------------------------------------------------------
  void on_head_begun(const ServerStream& stream) override {
    if (std::exchange(in_head, &stream) == nullptr) loop.make_ready(&State::watch_head, this);
  }
  void on_head_complete(ServerStream& stream) override {
    in_head = nullptr;
    waiting.push_back(&stream);
    changed.notify();
  }
  void on_dropped(ServerStream& stream) override {
    if (in_head == &stream) in_head = nullptr;
    std::erase(waiting, &stream);
    done.push_back(&stream);
    changed.notify();
  }
  void on_done(ServerStream& stream) override {
    --running;
    done.push_back(&stream);
    changed.notify();
  }
  void on_answered_fault() override {
    const Result<void> allowed = budget.take_answered_fault(loop.now());
    if (!allowed) connection.end(ErrorCode::enhance_your_calm, allowed.error());
  }

  // Most heads come in one piece, and need no timer.
  static void watch_head(void* self) {
    auto& state = *static_cast<State*>(self);
    if (state.in_head != nullptr) state.head_timer.arm(state.loop.now() + state.options.header);
  }
  static void on_head_late(void* self) {
    auto& state = *static_cast<State*>(self);
    if (state.in_head == nullptr) return;
    state.head_late = true;
    state.connection.end(ErrorCode::protocol_error, {ErrorKind::timed_out, "a head did not arrive in time"});
  }

  // Begins the requests whose turn it is; false if others have theirs in the loop's next turn.
  bool begin_waiting() {
    while (!waiting.empty() && running < most_running()) {
      if (!share.take()) return false;
      ServerStream& stream = *waiting.front();
      waiting.pop_front();
      ++running;
      stream.start();
    }
    return true;
  }

  // A stream that is reset may be replaced at once, while its exchange needs a moment to end.
  [[nodiscard]] std::size_t most_running() const { return std::size_t{2} * options.streams; }

  void let_go_of_done() {
    for (ServerStream* stream : done) {
      stream->close();
      if (spare.size() < most_spare) {
        spare.splice(spare.end(), streams, stream->position);
      } else {
        streams.erase(stream->position);
      }
    }
    done.clear();
    if (streams.empty()) spare.clear();
  }

  // What of the connection's end is the client's doing.
  [[nodiscard]] std::optional<Error> fault() const {
    const Error& why = connection.why();
    const bool its_fault = why.kind == ErrorKind::malformed || why.kind == ErrorKind::exhausted || head_late;
    return its_fault ? std::optional<Error>(why) : std::nullopt;
  }

  io::Stream& client;
  io::BufferPool& buffers;
  io::EventLoop& loop;
  ServerOptions options;
  FrameBudget budget;
  ServerContext context;
  io::Notification changed;
  io::Timer head_timer;
  bool started = false;
  bool draining = false;
  const ServerStream* in_head = nullptr;  // whose head has begun and is not complete
  bool head_late = false;
  LoopShare share;
  std::size_t running = 0;  // exchanges that have begun and not ended
  Connection connection;    // outlives the streams' flows
  std::list<ServerStream> streams;
  std::list<ServerStream> spare;
  std::deque<ServerStream*> waiting;  // their heads are complete
  std::vector<ServerStream*> done;
};

Server::Server(io::Stream& client, io::BufferPool& buffers, ServerOptions options, ExchangeHandler& handler)
    : state_(std::make_unique<State>(client, buffers, options, handler)) {}

Server::~Server() = default;

void Server::drain() {
  if (std::exchange(state_->draining, true) || !state_->started) return;
  state_->connection.drain();
}

io::Task<std::optional<Error>> Server::serve() {
  State& state = *state_;
  state.connection.start();
  state.started = true;
  if (state.draining) state.connection.drain();
  while (!state.connection.ended()) {
    const bool all_begun = state.begin_waiting();
    state.let_go_of_done();
    if (!all_begun) {
      co_await io::next_turn(state.loop);
    } else {
      [[maybe_unused]] const bool told = co_await state.changed.wait_until();
    }
  }
  // Those that run have been told that their streams are gone.
  state.let_go_of_done();
  while (!state.streams.empty()) {
    [[maybe_unused]] const bool told = co_await state.changed.wait_until();
    state.let_go_of_done();
  }
  co_await close_gently(state.client, state.buffers);
  co_return state.fault();
}

}  // namespace sallyport::http::http2
