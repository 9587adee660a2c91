#include "connect_handler.hpp"

#include <algorithm>

#include "sallyport/http/pages.hpp"
#include "sallyport/http/request_id.hpp"

#include "destination_guard.hpp"
#include "layer.hpp"

namespace sallyport::gateway {

std::expected<http::Authority, ConnectHandler::Refusal> ConnectHandler::judge(const http::Exchange& exchange) const {
  const config::Settings& settings = worker_.settings();
  if (!may_use_proxy(arrival_.client.address, settings, *worker_.addresses)) {
    return std::unexpected(Refusal{403, "this client may not use the proxy ([explicit] allowed_clients)"});
  }
  if (exchange.request.method != "CONNECT") {
    return std::unexpected(Refusal{501, "this proxy serves CONNECT alone; ask for https:// addresses"});
  }
  const Result<http::Authority> authority = http::Authority::parse_connect_target(exchange.request.authority);
  if (!authority) return std::unexpected(Refusal{400, authority.error().reason});
  const std::vector<std::uint16_t>& ports = settings.explicit_proxy.connect_ports;
  if (std::find(ports.begin(), ports.end(), *authority->port) == ports.end()) {
    return std::unexpected(
        Refusal{403, "port " + std::to_string(*authority->port) + " is not among [explicit] connect_ports"});
  }
  if (authority->address) {
    // An address that a rule rewrites is never dialled itself.
    const Endpoint endpoint{*authority->address, *authority->port};
    const policy::Verdict verdict =
        worker_.generation.configuration->policy->judge(authority->host, arrival_.client.address);
    const Result<void> allowed =
        check_destination(endpoint, Door::proxy, verdict.rewrite != nullptr, settings, *worker_.addresses);
    if (!allowed) return std::unexpected(Refusal{403, allowed.error().reason});
  }
  return *authority;
}

io::Task<void> ConnectHandler::handle(http::Exchange& exchange) {
  std::expected<http::Authority, Refusal> judged = judge(exchange);
  if (judged) {
    http::ResponseHead established;
    established.status = 200;
    const Result<io::Stream*> tunnel = co_await exchange.response.take_over(established, {});
    if (!tunnel) co_return;
    Arrival arrival = arrival_;
    arrival.authority = std::move(*judged);
    Layer layer(worker_, lifetime_, **tunnel, std::move(arrival));
    co_await layer.run();
    co_return;
  }
  const http::Fields no_trailers;
  const std::string request_id = http::make_request_id();
  record(&exchange, request_id, judged.error());
  const http::Page page = http::error_page(judged.error().status, exchange.request.authority, judged.error().reason,
                                           request_id, http::page_format(exchange.request.fields));
  exchange.response.end_connection_after();
  Result<void> sent = co_await exchange.response.send_head(page.head, http::BodyShape::sized(page.body.size()));
  if (sent && exchange.request.method != "HEAD") sent = co_await exchange.response.send_body(bytes_of(page.body));
  if (sent) sent = co_await exchange.response.finish(no_trailers);
}

http::Page ConnectHandler::refuse_unreadable(const http::http1::ParseError& error) {
  const std::string request_id = http::make_request_id();
  record(nullptr, request_id, {error.status, error.reason});
  return http::error_page(error.status, {}, error.reason, request_id, http::PageFormat::text);
}

void ConnectHandler::record(const http::Exchange* exchange, const std::string& request_id,
                            const Refusal& refusal) const {
  record::ExchangeRecord record;
  record.time = std::chrono::system_clock::now();
  record.request_id = request_id;
  record.client = arrival_.client.to_string();
  if (exchange != nullptr) {
    record.host = exchange->request.authority;
    record.method = exchange->request.method;
    record.path = exchange->request.path;
  }
  record.status = static_cast<int>(refusal.status);
  record.error = refusal.reason;
  worker_.shared.recorder.write(record);
}

}  // namespace sallyport::gateway
