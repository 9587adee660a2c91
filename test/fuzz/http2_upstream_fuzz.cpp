// Target functions: http2::Connection as a client, Upstream::read_head, ResponseBlock::finish
//
// The first byte says how the rest, what an origin sends, arrives. Whatever it is, each of four exchanges ends; no
// response comes out that HTTP/1.1 would read as another one; and no body ends well that is not as long as was
// announced.
#include <cstdlib>
#include <iostream>

#include "sallyport/http/hop_by_hop.hpp"
#include "sallyport/http/http1_parser.hpp"
#include "sallyport/http/http1_writer.hpp"

#include "../../src/http/http2_upstream.hpp"
#include "http1_run.hpp"
#include "memory_stream.hpp"
#include "stream_steps.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

constexpr http1::Limits limits{.header_bytes = 2048, .fields_count = 20};
constexpr io::Duration patience = std::chrono::minutes(10);

void require(bool condition, std::string_view what) {
  if (condition) return;
  std::cerr << what << "\n";
  std::abort();
}

// Written for an HTTP/1.1 client and read as it would.
void require_safe_in_http1(ResponseHead head, BodyShape shape, std::string_view method) {
  if (head.status == 101 || (method == "CONNECT" && head.status / 100 == 2)) return;  // a tunnel
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
  if (!outcome.head.empty() && outcome.consumed == out.size() && parser.head().status == head.status) return;
  std::cerr << out << "\n--- was read as\n" << outcome << "\n";
  std::abort();
}

struct Owner final : http2::ConnectionOwner {
  http2::FlowOwner* on_stream(std::unique_ptr<http2::Flow> /*flow*/) override { return nullptr; }
  Result<void> on_frame(const http2::SeenFrame& /*frame*/) override { return {}; }
  void on_change() override {}
};

io::Task<void> read_body(UpstreamExchange& exchange) {
  BodySource& body = exchange.response_body();
  const BodyShape shape = exchange.response_shape();
  std::uint64_t bytes = 0;
  for (;;) {
    const Result<ByteView> part = co_await body.read();
    if (!part) co_return;
    if (part->empty()) break;
    bytes += part->size();
  }
  require(!shape.length || bytes == *shape.length, "a body of another length");
  for (const Field& field : body.trailers()) require(may_be_trailer(field.name), "a trailer that may not be one");
}

io::Task<void> converse(http2::Connection& connection, const http2::SharedOptions& options, std::string_view method) {
  OriginFacts facts;
  http2::Upstream exchange(connection, facts, options, false);
  const bool tunnel = method == "CONNECT";
  RequestHead head;
  head.method = tunnel ? "GET" : method;
  head.scheme = "https";
  head.authority = "a.test";
  head.path = "/";
  const BodyShape shape = method == "POST" ? BodyShape::sized(5) : BodyShape::none();
  Result<void> sent = co_await exchange.send_head(head, shape, tunnel ? "websocket" : "");
  if (sent && shape.present) sent = co_await exchange.send_body(bytes_of("hello"));
  if (sent) sent = co_await exchange.finish({});
  for (;;) {
    const Result<ResponseHead*> received = co_await exchange.read_head();
    if (!received) co_return;
    require_safe_in_http1(**received, exchange.response_shape(), method);
    if ((*received)->status >= 200) break;
    if ((*received)->status == 101) co_return;
  }
  co_await read_body(exchange);
}

io::Task<void> run(io::EventLoop& loop, io::Stream& origin) {
  static io::BufferPool buffers;
  const http2::SharedOptions options{.limits = limits, .unused = patience, .idle = patience, .body = patience};
  Owner owner;
  http2::Connection connection(origin, buffers,
                               {.role = http2::Role::client,
                                .header_bytes = limits.header_bytes,
                                .first = patience,
                                .idle = patience,
                                .stall = patience},
                               owner);
  connection.start();
  {
    io::StartedTask<void> get(converse(connection, options, "GET"));
    io::StartedTask<void> post(converse(connection, options, "POST"));
    io::StartedTask<void> head(converse(connection, options, "HEAD"));
    io::StartedTask<void> tunnel(converse(connection, options, "CONNECT"));
    co_await get.join();
    co_await post.join();
    co_await head.join();
    co_await tunnel.join();
  }
  connection.close({ErrorKind::cancelled, "heard enough"});
  co_await io::next_turn(loop);
  loop.stop();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const std::unique_ptr<io::EventLoop> loop = std::move(*io::EventLoop::create());
  const unsigned how = data[0];
  test::MemoryStream memory(*loop, text_of({data + 1, size - 1}));
  test::TrickleStream trickle(memory, how + 1, how);
  io::Stream& origin = how == 0 ? static_cast<io::Stream&>(memory) : trickle;
  io::StartedTask<void> running(run(*loop, origin));
  loop->run();
  require(running.done(), "an exchange did not end");
  return 0;
}
