// HTTP/2: exchanges side by side, each on a stream of its own.
#include "sallyport/http/http2_server.hpp"

#include "../http_server_options.hpp"
#include "../protocols.hpp"

namespace sallyport::gateway {
namespace {

class Http2Protocol final : public Protocol {
 public:
  [[nodiscard]] std::vector<std::string> alpn() const override { return {"h2"}; }
  [[nodiscard]] bool is_http() const override { return true; }

  io::Task<void> serve(Conversation& conversation) const override {
    const config::Settings& settings = conversation.settings();
    const http::http1::ServerOptions common = http_server_options(settings);
    http::http2::Server server(conversation.client(), conversation.buffers(),
                               {.limits = common.limits,
                                .streams = settings.limits.streams,
                                .header = common.header,
                                .idle = common.idle,
                                .body = common.body},
                               conversation.exchanges());
    const Lifetime::OnDrain on_drain(conversation.lifetime(), [&server] { server.drain(); });
    const std::optional<Error> fault = co_await server.serve();
    if (fault) conversation.record().error = "client: " + fault->reason;
  }
};

}  // namespace

const Protocol& http2_protocol() {
  static const Http2Protocol protocol;
  return protocol;
}

}  // namespace sallyport::gateway
