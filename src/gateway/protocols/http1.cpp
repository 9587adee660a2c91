// HTTP/1.1: one exchange after another.
#include "sallyport/http/http1_server.hpp"

#include "../http_server_options.hpp"
#include "../protocols.hpp"

namespace sallyport::gateway {
namespace {

class Http1Protocol final : public Protocol {
 public:
  [[nodiscard]] std::vector<std::string> alpn() const override { return {"http/1.1"}; }
  [[nodiscard]] bool is_http() const override { return true; }

  io::Task<void> serve(Conversation& conversation) const override {
    http::http1::Server server(conversation.client(), conversation.buffers(),
                               http_server_options(conversation.settings()), conversation.exchanges());
    const Lifetime::OnDrain on_drain(conversation.lifetime(), [&server] { server.drain(); });
    co_await server.serve();
  }
};

}  // namespace

const Protocol& http1_protocol() {
  static const Http1Protocol protocol;
  return protocol;
}

}  // namespace sallyport::gateway
