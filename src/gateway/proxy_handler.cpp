#include "proxy_handler.hpp"

#include "sallyport/access/password_checker.hpp"
#include "sallyport/http/basic_credentials.hpp"
#include "sallyport/http/pages.hpp"
#include "sallyport/http/request_id.hpp"

#include "destination_guard.hpp"
#include "onboarding.hpp"
#include "proxy_layer.hpp"
#include "proxy_rules.hpp"
#include "send_page.hpp"
#include "tunnel.hpp"

namespace sallyport::gateway {
namespace {

constexpr std::uint16_t http_port = 80;

bool is_multiplexed(const http::Exchange& exchange) { return exchange.protocol == "h2"; }

// A tunnel ends with its stream or with the connection, whichever ends first, and its end is nobody else's.
class TunnelLifetime {
 public:
  TunnelLifetime(Lifetime& connection, io::Cancellation* stream)
      : ended_by_connection_(connection.cancellation(), &TunnelLifetime::end, this),
        drained_(connection, [this] { tunnel_.drain(); }) {
    if (stream != nullptr) ended_by_stream_.emplace(*stream, &TunnelLifetime::end, this);
  }

  [[nodiscard]] Lifetime& lifetime() { return tunnel_; }

 private:
  static void end(void* self, const Error& why) { static_cast<TunnelLifetime*>(self)->tunnel_.end(why); }

  Lifetime tunnel_;
  io::Cancellation::Watch ended_by_connection_;
  std::optional<io::Cancellation::Watch> ended_by_stream_;
  Lifetime::OnDrain drained_;
};

}  // namespace

io::Task<void> ProxyHandler::handle(http::Exchange& exchange) {
  const http::RequestHead& request = exchange.request;
  if (!may_use_proxy(arrival_.client.address, worker_.settings(), *worker_.addresses)) {
    Refusal refusal{403, std::string(not_allowed)};
    co_await refuse(exchange, std::move(refusal));
  } else if (request.method == "CONNECT") {
    co_await connect(exchange);
  } else if (names_proxy_itself(worker_, arrival_, request)) {
    co_await answer_for_itself(exchange);
  } else {
    co_await forward(exchange);
  }
}

io::Task<void> ProxyHandler::connect(http::Exchange& exchange) {
  const Result<http::Authority> authority = http::Authority::parse_connect_target(exchange.request.authority);
  if (!authority) {
    Refusal refusal{400, authority.error().reason};
    co_await refuse(exchange, std::move(refusal));
    co_return;
  }
  std::expected<std::string, Refusal> user = co_await authenticate(exchange);
  if (!user) {
    co_await refuse(exchange, std::move(user.error()));
    co_return;
  }
  const bool to_itself = is_proxy_itself(*authority, worker_.settings(), *worker_.addresses);
  const Result<void> allowed = to_itself ? Result<void>() : check_wish(worker_, arrival_, *authority);
  if (!allowed) {
    Refusal refusal{403, allowed.error().reason};
    co_await refuse(exchange, std::move(refusal));
    co_return;
  }
  if (to_itself && arrival_.nesting >= worker_.settings().listen.max_nesting) {
    Refusal refusal{508, "tunnels to the proxy itself are nested deeper than [listen] max_nesting"};
    co_await refuse(exchange, std::move(refusal));
    co_return;
  }
  Arrival arrival = arrival_;
  arrival.authority = *authority;
  arrival.user = std::move(*user);
  if (to_itself) ++arrival.nesting;
  co_await open_tunnel(exchange, std::move(arrival), to_itself);
}

io::Task<void> ProxyHandler::open_tunnel(http::Exchange& exchange, Arrival arrival, bool to_itself) {
  // A connection has its place among the counted ones; what shares it with others needs one of its own.
  std::optional<ConnectionCounts::Place> place;
  if (is_multiplexed(exchange)) {
    const config::Settings& settings = worker_.settings();
    Result<ConnectionCounts::Place> entered = worker_.shared.counts->enter(
        arrival.client.address, settings.gateway.max_connections, settings.limits.connections_per_client);
    if (!entered) {
      Refusal refusal{503, entered.error().reason};
      co_await refuse(exchange, std::move(refusal));
      co_return;
    }
    place.emplace(std::move(*entered));
  }
  http::ResponseHead established;
  established.status = 200;
  const Result<io::Stream*> tunnel = co_await exchange.response.take_over(established, {});
  if (!tunnel) co_return;
  TunnelLifetime lifetime(lifetime_, exchange.cancellation);
  if (to_itself) {
    ProxyLayer layer(worker_, lifetime.lifetime(), **tunnel, std::move(arrival));
    co_await layer.run();
  } else {
    co_await serve_tunnel(worker_, lifetime.lifetime(), **tunnel, std::move(arrival));
  }
}

io::Task<void> ProxyHandler::forward(http::Exchange& exchange) {
  const http::RequestHead& request = exchange.request;
  Refusal refusal{400, {}};
  Result<http::Authority> authority = http::Authority::parse(request.authority);
  if (request.scheme == "https") {
    refusal.reason = "https:// is asked for by CONNECT, so that it stays encrypted";
  } else if (request.scheme.empty()) {
    refusal.reason = "this is a proxy: it is asked by CONNECT, or for a whole http:// address";
  } else if (!authority) {
    refusal.reason = authority.error().reason;
  }
  if (!refusal.reason.empty()) {
    co_await refuse(exchange, std::move(refusal));
    co_return;
  }
  std::expected<std::string, Refusal> user = co_await authenticate(exchange);
  if (!user) {
    co_await refuse(exchange, std::move(user.error()));
    co_return;
  }
  if (!authority->port) authority->port = http_port;
  const Result<void> allowed = check_wish(worker_, arrival_, *authority);
  if (!allowed) {
    refusal = {403, allowed.error().reason};
    co_await refuse(exchange, std::move(refusal));
    co_return;
  }
  // A login that belongs to the connection with the origin is one user's.
  const std::string key = authority->to_string() + "|" + *user;
  PlainOrigins::OriginPtr origin = plain_origins_.find(key);
  if (!origin) {
    Session session;
    session.plain = true;
    session.arrival = arrival_;
    session.arrival.authority = *authority;
    session.arrival.user = *user;
    session.target = Target::of(session.arrival);
    origin = plain_origins_.add(key, std::move(session));
  }
  co_await origin->forwarder.handle(exchange);
}

io::Task<void> ProxyHandler::answer_for_itself(http::Exchange& exchange) {
  const std::string request_id = http::make_request_id();
  const http::Page page = onboarding_page(worker_, exchange.request, request_id);
  const Result<void> sent = co_await send_page(exchange, page);
  record(&exchange, request_id, page.head.status, sent ? std::string() : sent.error().reason);
}

io::Task<std::expected<std::string, ProxyHandler::Refusal>> ProxyHandler::authenticate(http::Exchange& exchange) {
  const access::CredentialsPtr credentials = worker_.generation.configuration->credentials;
  // Whoever opened the tunnel that this came through has said who it is.
  if (!credentials || !arrival_.user.empty()) co_return arrival_.user;
  std::optional<http::BasicCredentials> given = http::proxy_credentials(exchange.request.fields);
  if (!given) co_return std::unexpected(Refusal{407, "the proxy wants a name and a password"});
  const std::string name = given->name;
  access::Login login{std::move(given->name), std::move(given->password)};
  io::Cancellation& cancellation = exchange.cancellation != nullptr ? *exchange.cancellation : lifetime_.cancellation();
  const Result<bool> right = co_await worker_.shared.passwords->check(worker_.loop, cancellation, credentials,
                                                                      std::move(login), arrival_.client.address);
  if (!right) co_return std::unexpected(Refusal{503, right.error().reason});
  if (!*right) co_return std::unexpected(Refusal{407, "the name or the password is wrong"});
  co_return name;
}

io::Task<void> ProxyHandler::refuse(http::Exchange& exchange, Refusal refusal) {
  const std::string request_id = http::make_request_id();
  record(&exchange, request_id, refusal.status, refusal.reason);
  http::Page page = http::error_page(refusal.status, exchange.request.authority, refusal.reason, request_id,
                                     http::page_format(exchange.request.fields));
  if (refusal.status == 407) page.head.fields.add("Proxy-Authenticate", std::string(http::basic_challenge));
  // What a client sends on, believing in its tunnel, must not be read as requests.
  if (exchange.request.method == "CONNECT" && !is_multiplexed(exchange)) exchange.response.end_connection_after();
  // It ends either way, and the refusal is what is logged.
  [[maybe_unused]] const Result<void> sent = co_await send_page(exchange, page);
}

http::Page ProxyHandler::refuse_unreadable(const http::http1::ParseError& error) {
  const std::string request_id = http::make_request_id();
  record(nullptr, request_id, error.status, error.reason);
  return http::error_page(error.status, {}, error.reason, request_id, http::PageFormat::text);
}

void ProxyHandler::record(const http::Exchange* exchange, const std::string& request_id, unsigned status,
                          const std::string& error) const {
  record::ExchangeRecord record;
  record.time = std::chrono::system_clock::now();
  record.request_id = request_id;
  record.client = arrival_.client.to_string();
  if (exchange != nullptr) {
    record.host = exchange->request.authority;
    record.method = exchange->request.method;
    record.path = exchange->request.path;
    record.alpn = exchange->protocol;
  }
  record.status = static_cast<int>(status);
  record.via = arrival_.via;
  record.error = error;
  worker_.shared.recorder.write(std::move(record));
}

}  // namespace sallyport::gateway
