// Target functions: http2::Server::serve, RequestBlock::finish, OutgoingBlock::set_response
//
// The first byte says how the rest, what a client sends behind its preface, arrives. Whatever it is, the server ends
// with it; no request comes out that HTTP/1.1 would read as another one; no body ends well that is not as long as was
// announced; and what the server says are frames that can be read.
#include <cstdlib>
#include <iostream>

#include "sallyport/http/hop_by_hop.hpp"
#include "sallyport/http/http1_parser.hpp"
#include "sallyport/http/http1_writer.hpp"
#include "sallyport/http/http2_server.hpp"

#include "http1_run.hpp"
#include "http2_frames.hpp"
#include "memory_stream.hpp"
#include "stream_steps.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

constexpr http1::Limits limits{.header_bytes = 2048, .fields_count = 20};

void require(bool condition, std::string_view what) {
  if (condition) return;
  std::cerr << what << "\n";
  std::abort();
}

// Written for an HTTP/1.1 origin and read as it would.
void require_safe_in_http1(RequestHead head, BodyShape shape) {
  if (head.method == "CONNECT") return;  // never forwarded
  remove_hop_by_hop_from_request(head.fields);
  const http1::Framing framing = !shape.present ? http1::Framing{}
                                 : shape.length ? http1::Framing{http1::BodyKind::length, *shape.length}
                                                : http1::Framing{http1::BodyKind::chunked, 0};
  std::string out;
  http1::write_request_head(out, head, framing);
  http1::RequestParser parser({.header_bytes = std::size_t{1} << 16, .fields_count = 100});
  const test::Outcome outcome = test::run(parser, out);
  remove_hop_by_hop_from_request(parser.head().fields);
  const RequestHead& read = parser.head();
  const bool same = !outcome.head.empty() && outcome.consumed == out.size() && read.method == head.method &&
                    read.authority == head.authority && read.path == head.path && read.fields == head.fields &&
                    parser.extras().framing == framing;
  if (same) return;
  std::cerr << out << "\n--- was read as\n" << outcome << "\n";
  std::abort();
}

// Does with a request what its path begins with.
struct Handler final : ExchangeHandler {
  io::Task<void> handle(Exchange& exchange) override {
    require_safe_in_http1(exchange.request, exchange.request_shape);
    const char what = exchange.request.path.size() > 1 ? exchange.request.path[1] : ' ';
    if (what == 's' && !exchange.upgrade.empty()) {
      co_await echo_tunnel(exchange);
      co_return;
    }
    if (what == 'c' || what == 'd') {
      co_await answer_early(exchange, what == 'd');
      co_return;
    }
    if (exchange.expects_continue) {
      const ResponseHead go_on{.status = 100, .fields = {}};
      const Result<void> sent = co_await exchange.response.send_interim(go_on);
      if (!sent) co_return;
    }
    co_await echo(exchange);
  }

  Page refuse_unreadable(const http1::ParseError& error) override {
    require(error.status >= 400 && error.status < 600, "an error that is no status");
    return {{.status = error.status, .fields = {}}, error.reason};
  }

 private:
  static io::Task<void> echo(Exchange& exchange) {
    const ResponseHead head{.status = 200, .fields = exchange.request.fields};
    const BodyShape shape = exchange.request_shape.present ? exchange.request_shape : BodyShape::sized(0);
    Result<void> sent = co_await exchange.response.send_head(head, shape);
    std::uint64_t bytes = 0;
    while (sent) {
      if (!exchange.request_body.has_buffered()) {
        sent = co_await exchange.response.flush();
        if (!sent) break;
        sent = co_await exchange.response.wait_for_room();
        if (!sent) break;
      }
      const Result<ByteView> part = co_await exchange.request_body.read();
      if (!part) {
        exchange.response.cut_off();
        co_return;
      }
      bytes += part->size();
      if (part->empty()) break;
      sent = co_await exchange.response.send_body(*part);
    }
    if (!sent) co_return;
    require(!exchange.request_shape.length || bytes == *exchange.request_shape.length, "a body of another length");
    for (const Field& field : exchange.request_body.trailers()) {
      require(may_be_trailer(field.name), "a trailer that may not be one");
    }
    sent = co_await exchange.response.finish(exchange.request_body.trailers());
  }

  static io::Task<void> answer_early(Exchange& exchange, bool drain) {
    const ResponseHead head{.status = 204, .fields = {}};
    Result<void> sent = co_await exchange.response.send_head(head, BodyShape::none());
    if (drain) exchange.response.end_connection_after();
    if (sent) sent = co_await exchange.response.finish({});
  }

  static io::Task<void> echo_tunnel(Exchange& exchange) {
    const ResponseHead head{.status = 101, .fields = {}};
    const Result<io::Stream*> taken = co_await exchange.response.take_over(head, exchange.upgrade.front());
    if (!taken) co_return;
    std::array<std::uint8_t, 512> buffer;
    for (;;) {
      const Result<std::size_t> got = co_await (*taken)->read(buffer);
      if (!got || *got == 0) break;
      const Result<void> sent = co_await (*taken)->write(ByteView(buffer).first(*got));
      if (!sent) co_return;
    }
    [[maybe_unused]] const Result<void> finished = co_await (*taken)->finish();
  }
};

io::Task<void> serve(io::EventLoop& loop, io::Stream& client) {
  static io::BufferPool buffers;
  Handler handler;
  constexpr auto patience = std::chrono::minutes(10);
  http2::Server server(client, buffers,
                       {.limits = limits, .streams = 20, .header = patience, .idle = patience, .body = patience},
                       handler);
  [[maybe_unused]] const std::optional<Error> fault = co_await server.serve();
  loop.stop();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const std::unique_ptr<io::EventLoop> loop = std::move(*io::EventLoop::create());
  const unsigned how = data[0];
  const std::string said = test::preface() + std::string(text_of({data + 1, size - 1}));
  test::MemoryStream memory(*loop, said);
  test::TrickleStream trickle(memory, how + 1, how);
  io::Stream& client = how == 0 ? static_cast<io::Stream&>(memory) : trickle;
  io::StartedTask<void> serving(serve(*loop, client));
  loop->run();
  require(serving.done(), "the server did not end");
  for (const std::string& line : test::FrameReader().read(memory.heard())) {
    require(!line.contains("broken"), "the server's headers cannot be read");
  }
  return 0;
}
