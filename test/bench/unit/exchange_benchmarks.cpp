// One GET of 1 KiB: read from a client, sent to an origin, the answer written to the client, by the code that does this
// between two sockets. In plaintext; the origin is at the other end of a socket pair and says always the same.
#include <memory>
#include <stdexcept>

#include "sallyport/http/http1_server.hpp"
#include "sallyport/http/http1_upstream.hpp"

#include "benchmark.hpp"
#include "loop_fixture.hpp"
#include "memory_stream.hpp"

namespace sallyport::bench {
namespace {

constexpr std::chrono::seconds patience{60};

std::string answer_text() {
  return "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 31 Jan 2026 12:34:56 GMT\r\nContent-Type: text/plain\r\n"
         "Content-Length: 1024\r\nLast-Modified: Fri, 30 Jan 2026 10:00:00 GMT\r\nConnection: keep-alive\r\n"
         "ETag: \"65ba1234-400\"\r\nAccept-Ranges: bytes\r\n\r\n" +
         std::string(1024, 'x');
}

constexpr std::string_view request_text =
    "GET /catalogue/items?page=2 HTTP/1.1\r\nHost: www.shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    "Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\nAccept-Encoding: gzip, br\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef\r\n\r\n";

void must(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().reason);
}

struct Relay final : http::ExchangeHandler {
  explicit Relay(test::LoopFixture& fixture) {
    auto [towards_origin, origin_end] = fixture.stream_pair();
    connection = std::make_unique<http::OriginConnection>(std::move(towards_origin), buffers);
    origin = std::move(origin_end);
  }

  // Answers whatever comes, until it ends.
  static io::Task<void> answer(io::Stream& origin) {
    const std::string text = answer_text();
    std::array<std::uint8_t, 4096> piece{};
    for (;;) {
      const Result<std::size_t> got = co_await origin.read(piece);
      if (!got || *got == 0) co_return;
      const Result<void> sent = co_await origin.write(bytes_of(text));
      if (!sent) co_return;
    }
  }

  io::Task<void> handle(http::Exchange& exchange) override {
    const http::http1::UpstreamOptions options{.limits = {}, .idle = patience};
    http::http1::Http1Upstream upstream(std::move(connection), options,
                                        [this](http::OriginConnectionPtr idle) { connection = std::move(idle); });
    const http::Fields none;
    Result<void> sent = co_await upstream.send_head(exchange.request, exchange.request_shape, "");
    must(sent);
    sent = co_await upstream.finish(none);
    must(sent);
    const Result<http::ResponseHead*> head = co_await upstream.read_head();
    if (!head) throw std::runtime_error(head.error().reason);
    sent = co_await exchange.response.send_head(**head, upstream.response_shape());
    must(sent);
    for (;;) {
      const Result<ByteView> part = co_await upstream.response_body().read();
      if (!part) throw std::runtime_error(part.error().reason);
      if (part->empty()) break;
      sent = co_await exchange.response.send_body(*part);
      must(sent);
    }
    sent = co_await exchange.response.finish(none);
    must(sent);
  }

  http::Page refuse_unreadable(const http::http1::ParseError& error) override {
    throw std::runtime_error(error.reason);
  }

  io::BufferPool buffers;
  http::OriginConnectionPtr connection;
  std::unique_ptr<io::FdStream> origin;
};

io::Task<void> relay_all(Relay& relay, io::Stream& client) {
  const http::http1::ServerOptions options{.limits = {}, .header = patience, .idle = patience, .body = patience};
  io::StartedTask<void> origin(Relay::answer(*relay.origin));
  http::http1::Server server(client, relay.buffers, options, relay);
  co_await server.serve();
  relay.origin->close({ErrorKind::cancelled, "the measurement is over"});
  co_await origin.join();
}

}  // namespace

std::vector<Benchmark> exchange_benchmarks() {
  const auto relaying = [] {
    return Work([](unsigned count) {
      test::LoopFixture fixture;
      Relay relay(fixture);
      std::string said;
      for (unsigned at = 0; at < count; ++at) said += request_text;
      test::MemoryStream client(*fixture.loop, said);
      fixture.run(relay_all(relay, client));
      if (client.heard().size() < count * 1024) throw std::runtime_error("answers are missing");
    });
  };
  return {{"exchange.http1", 2000, relaying}};
}

}  // namespace sallyport::bench
