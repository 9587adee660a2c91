#include "proxy_layer.hpp"

#include "destination_guard.hpp"
#include "http_conversation.hpp"
#include "peek.hpp"
#include "protocols.hpp"
#include "proxy_handler.hpp"
#include "proxy_rules.hpp"
#include "proxy_tls.hpp"
#include "session.hpp"
#include "tunnel.hpp"

namespace sallyport::gateway {
namespace {

constexpr std::uint16_t https_port = 443;

std::string way_in(ProxyLayer::Opening opening, const Arrival& arrival) {
  if (opening == ProxyLayer::Opening::requests) return "proxy";
  if (opening == ProxyLayer::Opening::handshake) return "proxy_tls";
  return "tunnel " + (arrival.authority ? arrival.authority->to_string() : std::string());
}

}  // namespace

ProxyLayer::ProxyLayer(WorkerContext& worker, Lifetime& lifetime, io::Stream& client, Arrival arrival, Opening opening)
    : worker_(worker), lifetime_(lifetime), client_(client), arrival_(std::move(arrival)), opening_(opening) {
  arrival_.via.push_back(way_in(opening, arrival_));
}

ProxyLayer::~ProxyLayer() = default;

io::Task<void> ProxyLayer::run() {
  switch (opening_) {
    case Opening::requests:
      return serve(client_, http1_protocol());
    case Opening::handshake:
      return run_tls();
    case Opening::tunnel:
      break;
  }
  return run_either(client_, http1_protocol(), false);
}

// The client's TLS session with the proxy, and what comes inside.
io::Task<void> ProxyLayer::run_tls() {
  Result<ProxySession> session = co_await accept_as_proxy(worker_, client_, arrival_);
  if (!session) {
    record_end(session.error().reason);
    co_return;
  }
  client_tls_ = std::move(session->client);
  arrival_.via.back() += " " + std::string(client_tls_->version());
  if (session->protocol != &http1_protocol()) arrival_.via.back() += " " + std::string(client_tls_->alpn());
  co_await run_either(*client_tls_, *session->protocol, true);
}

io::Task<void> ProxyLayer::run_either(io::Stream& client, const Protocol& protocol, bool secured) {
  const Result<std::vector<std::uint8_t>> first = co_await peek(client, worker_.settings().limits.header);
  if (!first) {
    if (first.error().kind != ErrorKind::end_of_stream) record_end(first.error().reason);
    co_return;
  }
  if (!begins_handshake(*first)) {
    co_await serve(client, protocol);
    co_return;
  }
  wire::ClientHelloReader reader;
  const Result<void> hello = co_await peek_client_hello(worker_, client, reader);
  if (!hello) {
    record_end(hello.error().reason);
    co_return;
  }
  const Result<std::optional<std::string>> asked = wire::asked_name(reader.hello());
  if (!asked) {
    co_await refuse(client, wire::Alert::unrecognized_name, asked.error().reason);
    co_return;
  }
  const std::string& proxy_name = worker_.settings().listen.proxy_name;
  const std::string name = asked->value_or(proxy_name);
  if (!secured && name == proxy_name) {
    co_await run_tls();
  } else {
    co_await open_next(client, name);
  }
}

// A ClientHello in place of a request.
io::Task<void> ProxyLayer::open_next(io::Stream& client, std::string name) {
  if (!may_use_proxy(arrival_.client.address, worker_.settings(), *worker_.addresses)) {
    co_await refuse(client, wire::Alert::access_denied, not_allowed);
    co_return;
  }
  if (worker_.generation.configuration->credentials && arrival_.user.empty()) {
    co_await refuse(client, wire::Alert::access_denied, "the proxy wants a name and a password");
    co_return;
  }
  Arrival arrival = arrival_;
  arrival.authority = http::Authority{.host = std::move(name), .address = std::nullopt, .port = https_port};
  if (is_proxy_itself(*arrival.authority, worker_.settings(), *worker_.addresses)) {
    if (arrival.nesting >= worker_.settings().listen.max_nesting) {
      co_await refuse(client, wire::Alert::access_denied,
                      "tunnels to the proxy itself are nested deeper than [listen] max_nesting");
      co_return;
    }
    ++arrival.nesting;
    ProxyLayer layer(worker_, lifetime_, client, std::move(arrival));
    co_await layer.run();
    co_return;
  }
  const Result<void> allowed = check_wish(worker_, arrival, *arrival.authority);
  if (!allowed) {
    co_await refuse(client, wire::Alert::access_denied, allowed.error().reason);
    co_return;
  }
  co_await serve_tunnel(worker_, lifetime_, client, std::move(arrival));
}

io::Task<void> ProxyLayer::serve(io::Stream& client, const Protocol& protocol) {
  ProxyHandler handler(worker_, lifetime_, arrival_);
  HttpConversation conversation(worker_, lifetime_, client, client_tls_ ? std::string(client_tls_->alpn()) : "",
                                handler);
  co_await protocol.serve(conversation);
}

io::Task<void> ProxyLayer::refuse(io::Stream& client, wire::Alert alert, std::string_view why) {
  record_end(why);
  co_await send_alert(worker_, client, alert);
}

// A line for a layer that ended without a request.
void ProxyLayer::record_end(std::string_view error) const {
  Session session;
  session.arrival = arrival_;
  record::ExchangeRecord record = session.record(nullptr);
  record.error = error;
  worker_.shared.recorder.write(std::move(record));
}

}  // namespace sallyport::gateway
