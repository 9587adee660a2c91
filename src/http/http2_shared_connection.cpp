#include "sallyport/http/http2_shared_connection.hpp"

#include "http2_frame_budget.hpp"
#include "http2_upstream.hpp"

namespace sallyport::http::http2 {

struct SharedConnection::State final : ConnectionOwner {
  State(OriginConnectionPtr given, io::BufferPool& buffers, SharedOptions given_options, void (*call)(void*),
        void* given_object)
      : origin(std::move(given)),
        options(given_options),
        budget(Role::client, origin->stream().loop().now()),
        connection(origin->stream(), buffers,
                   {.role = Role::client,
                    .header_bytes = static_cast<std::uint32_t>(given_options.limits.header_bytes),
                    .first = given_options.unused,
                    .idle = given_options.idle,
                    .stall = given_options.body},
                   *this),
        context{connection, origin->facts(), options},
        told_over(call),
        object(given_object) {}

  // The client role never sees one: push is off.
  FlowOwner* on_stream(std::unique_ptr<Flow> /*flow*/) override { return nullptr; }
  Result<void> on_frame(const SeenFrame& frame) override {
    // Our SETTINGS come before every request, acknowledged or not.
    if (!frame.sent && frame.type == NGHTTP2_PUSH_PROMISE) {
      return fail(ErrorKind::malformed, "HTTP/2: a push, which our SETTINGS forbid");
    }
    return budget.take(frame, origin->stream().loop().now());
  }
  void on_change() override {
    if (connection.settled() || connection.going_away()) settling.tell();
    if (over()) told_over(object);
  }

  [[nodiscard]] bool over() const {
    const bool no_further = retired || connection.going_away();
    return connection.flows() == 0 && no_further;
  }

  OriginConnectionPtr origin;
  SharedOptions options;
  FrameBudget budget;
  Connection connection;
  UpstreamContext context;
  void (*told_over)(void*);
  void* object;
  io::Watchers settling;
  bool retired = false;
  bool used = false;
};

SharedConnection::SharedConnection(OriginConnectionPtr origin, io::BufferPool& buffers, SharedOptions options,
                                   void (*on_over)(void*), void* object)
    : state_(std::make_unique<State>(std::move(origin), buffers, options, on_over, object)) {
  state_->connection.start();
}

SharedConnection::~SharedConnection() = default;

std::unique_ptr<UpstreamExchange> SharedConnection::begin() {
  const bool reused = std::exchange(state_->used, true);
  return std::make_unique<Upstream>(state_->context, reused);
}

bool SharedConnection::takes_another() const {
  return !state_->retired && state_->connection.can_open() && !state_->connection.congested();
}

std::optional<std::size_t> SharedConnection::allowed() const {
  if (!state_->connection.settled()) return std::nullopt;
  return state_->connection.streams_allowed();
}

bool SharedConnection::used() const { return state_->used; }
std::size_t SharedConnection::exchanges() const { return state_->connection.flows(); }

void SharedConnection::retire() {
  state_->retired = true;
  if (over()) state_->told_over(state_->object);
}

bool SharedConnection::over() const { return state_->over(); }
bool SharedConnection::settled() const { return state_->connection.settled() || state_->connection.going_away(); }
bool SharedConnection::takes_extended_connect() const { return state_->connection.peer_takes_extended_connect(); }
io::Watchers& SharedConnection::settling() { return state_->settling; }
OriginFacts& SharedConnection::facts() { return state_->origin->facts(); }

}  // namespace sallyport::http::http2
