// Target functions: http2::Connection as a client, http2::Upstream, ResponseBlock::finish, TrailerBlock::add
//
// The first byte says how the rest, what an origin says, arrives at four requests that are on their way. Whatever it
// is, each comes to an end; no response comes out that HTTP/1.1 would read as another one; no body ends well that is
// not as long as was announced; and what the gateway says are frames that can be read.
#include <cstdlib>
#include <iostream>

#include "sallyport/http/hop_by_hop.hpp"
#include "sallyport/http/http1_parser.hpp"
#include "sallyport/http/http1_writer.hpp"

#include "../../src/http/http2_frame_budget.hpp"
#include "../../src/http/http2_upstream.hpp"
#include "http1_run.hpp"
#include "http2_frames.hpp"
#include "memory_stream.hpp"
#include "stream_steps.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

constexpr auto patience = std::chrono::minutes(10);
constexpr http2::SharedOptions options{
    .limits = {.header_bytes = 2048, .fields_count = 20}, .unused = patience, .idle = patience, .body = patience};

void require(bool condition, std::string_view what) {
  if (condition) return;
  std::cerr << what << "\n";
  std::abort();
}

// Written for an HTTP/1.1 client and read as it would.
void require_safe_in_http1(const ResponseHead& received, BodyShape shape, std::string_view method) {
  if (received.status == 101) return;
  ResponseHead head = received;
  remove_hop_by_hop_from_response(head.fields);
  const http1::Framing framing = !shape.present ? http1::Framing{}
                                 : shape.length ? http1::Framing{http1::BodyKind::length, *shape.length}
                                                : http1::Framing{http1::BodyKind::chunked, 0};
  std::string out;
  http1::write_response_head(out, head, framing, 1, true);
  http1::ResponseParser parser({.header_bytes = std::size_t{1} << 16, .fields_count = 100});
  parser.reset(method);
  const test::Outcome outcome = test::run(parser, out);
  remove_hop_by_hop_from_response(parser.head().fields);
  const bool same = !outcome.head.empty() && outcome.consumed == out.size() && parser.head().status == head.status &&
                    parser.head().fields == head.fields && parser.extras().framing == framing;
  if (same) return;
  std::cerr << out << "\n--- was read as\n" << outcome << "\n";
  std::abort();
}

struct Owner final : http2::ConnectionOwner {
  explicit Owner(io::EventLoop& given) : loop(given), budget(http2::Role::client, given.now()) {}
  http2::FlowOwner* on_stream(std::unique_ptr<http2::Flow> /*flow*/) override { return nullptr; }
  Result<void> on_frame(const http2::SeenFrame& frame) override { return budget.take(frame, loop.now()); }
  void on_change() override {}

  io::EventLoop& loop;
  http2::FrameBudget budget;
};

io::Task<void> echo(io::Stream& stream) {
  std::array<std::uint8_t, 512> buffer;
  for (;;) {
    const Result<std::size_t> got = co_await stream.read(buffer);
    if (!got || *got == 0) break;
    const Result<void> sent = co_await stream.write(ByteView(buffer).first(*got));
    if (!sent) co_return;
  }
  [[maybe_unused]] const Result<void> finished = co_await stream.finish();
}

io::Task<void> read_body(UpstreamExchange& exchange, bool bodiless) {
  const BodyShape shape = exchange.response_shape();
  BodySource& body = exchange.response_body();
  std::uint64_t bytes = 0;
  for (;;) {
    const Result<ByteView> part = co_await body.read();
    if (!part) co_return;
    if (part->empty()) break;
    bytes += part->size();
  }
  require(!shape.length || bytes == *shape.length, "a body of another length");
  require(!bodiless || bytes == 0, "a body where there is none");
  for (const Field& field : body.trailers()) require(may_be_trailer(field.name), "a trailer that may not be one");
}

io::Task<void> read_response(UpstreamExchange& exchange, std::string_view method) {
  unsigned status = 0;
  while (status < 200) {
    const Result<ResponseHead*> head = co_await exchange.read_head();
    if (!head) {
      [[maybe_unused]] const Again again = exchange.again();
      co_return;
    }
    status = (*head)->status;
    require(status >= 100 && status <= 999, "a status that is none");
    const BodyShape shape = status < 200 ? BodyShape::none() : exchange.response_shape();
    require_safe_in_http1(**head, shape, method);
    if (status == 101) {
      require(method == "CONNECT", "a protocol switched to that nobody asked for");
      co_await echo(exchange.take_over());
      co_return;
    }
  }
  co_await read_body(exchange, method == "HEAD" || status == 204 || status == 304);
}

io::Task<void> send_body(UpstreamExchange& exchange) {
  const std::string part(300, 'x');
  for (int parts = 0; parts < 300; ++parts) {
    const Result<void> room = co_await exchange.wait_for_room();
    if (!room) co_return;
    const Result<void> sent = co_await exchange.send_body(bytes_of(part));
    if (!sent) co_return;
  }
  Fields trailers;
  trailers.add("x-sum", "1");
  [[maybe_unused]] const Result<void> finished = co_await exchange.finish(trailers);
}

// `method` CONNECT is an extended one.
io::Task<void> ask(http2::UpstreamContext& context, std::string method) {
  http2::Upstream exchange(context, false);
  RequestHead head{.method = method, .scheme = "https", .authority = "a.test", .path = "/a", .fields = {}};
  if (method == "CONNECT") head.method = "GET";
  const BodyShape shape = method == "POST" ? BodyShape::streamed() : BodyShape::none();
  const Result<void> sent = co_await exchange.send_head(head, shape, method == "CONNECT" ? "websocket" : "");
  if (!sent) co_return;
  if (shape.present) {
    io::StartedTask<void> sending(send_body(exchange));
    co_await read_response(exchange, method);
    exchange.close({ErrorKind::cancelled, "answered"});
    co_await sending.join();
  } else {
    co_await read_response(exchange, method);
  }
}

io::Task<void> converse(io::EventLoop& loop, io::Stream& origin) {
  static io::BufferPool buffers;
  Owner owner(loop);
  OriginFacts facts;
  http2::Connection connection(origin, buffers,
                               {.role = http2::Role::client,
                                .header_bytes = static_cast<std::uint32_t>(options.limits.header_bytes),
                                .first = patience,
                                .idle = patience,
                                .stall = patience},
                               owner);
  http2::UpstreamContext context{.connection = connection, .facts = facts, .options = options};
  connection.start();
  io::StartedTask<void> first(ask(context, "GET"));
  io::StartedTask<void> second(ask(context, "HEAD"));
  io::StartedTask<void> third(ask(context, "POST"));
  io::StartedTask<void> fourth(ask(context, "CONNECT"));
  co_await first.join();
  co_await second.join();
  co_await third.join();
  co_await fourth.join();
  loop.stop();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const std::unique_ptr<io::EventLoop> loop = std::move(*io::EventLoop::create());
  const unsigned how = data[0];
  const std::string said = test::frame(NGHTTP2_SETTINGS, 0, 0, "") + std::string(text_of({data + 1, size - 1}));
  test::MemoryStream memory(*loop, said);
  test::TrickleStream trickle(memory, how + 1, how);
  io::Stream& origin = how == 0 ? static_cast<io::Stream&>(memory) : trickle;
  io::StartedTask<void> conversing(converse(*loop, origin));
  loop->run();
  require(conversing.done(), "an exchange did not end");
  const std::string_view heard = memory.heard();
  if (heard.size() < NGHTTP2_CLIENT_MAGIC_LEN) return 0;
  for (const std::string& line : test::FrameReader().read(heard.substr(NGHTTP2_CLIENT_MAGIC_LEN))) {
    require(!line.contains("broken"), "the gateway's headers cannot be read");
  }
  return 0;
}
