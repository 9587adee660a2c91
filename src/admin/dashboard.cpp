#include "dashboard.hpp"

#include <algorithm>
#include <array>

#include "sallyport/crypto/keyed_digest.hpp"
#include "sallyport/http/request_id.hpp"
#include "sallyport/http/websocket_server_end.hpp"
#include "sallyport/pki/ca_download.hpp"

namespace sallyport::admin {
namespace {

constexpr std::string_view session_cookie = "sallyport_session";
constexpr std::string_view session_path = "/api/v1/session";
constexpr std::string_view live_path = "/api/v1/live";
constexpr std::string_view bearer = "Bearer ";
// A token, with room for the JSON around it.
constexpr std::size_t longest_login = 1024;

constexpr std::string_view page_without_files =
    "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>sallyport</title></head>\n"
    "<body><h1>sallyport</h1><p>The dashboard's files are not there; the daemon's log says where they were looked for."
    "</p></body>\n</html>\n";

bool is_page_of_api(std::string_view path) { return path.starts_with("/api/") || path == "/metrics"; }

bool reads(const http::RequestHead& request) { return request.method == "GET" || request.method == "HEAD"; }

std::string_view path_of(const http::RequestHead& request) {
  return std::string_view(request.path).substr(0, request.path.find('?'));
}

Reply page(const Asset& asset, const http::RequestHead& request) {
  Reply reply{.status = 200, .type = asset.type, .body = {}};
  // Kept, and asked for again each time: an upgrade brings other files under the same names.
  reply.fields.add("Cache-Control", "no-cache");
  reply.fields.add("ETag", asset.etag);
  if (request.fields.get("If-None-Match") == std::string_view(asset.etag)) {
    reply.status = 304;
    reply.type = {};
  } else {
    reply.body = asset.body;
  }
  return reply;
}

Reply ca_certificate(const Context& context, std::string_view path) {
  const Result<pki::CaDownload> ca = pki::make_ca_download(*context.configuration->issuers->current()->ca());
  if (!ca) return error_reply(500, ca.error().reason);
  Reply reply = path == "/ca.der" ? Reply{.type = "application/x-x509-ca-cert", .body = ca->der}
                                  : Reply{.type = "application/x-pem-file", .body = ca->pem};
  reply.fields.add("Content-Disposition", "attachment; filename=\"sallyport-" + std::string(path.substr(1)) + "\"");
  return reply;
}

io::Task<Result<std::string>> read_login(http::BodySource& source) {
  std::string body;
  for (;;) {
    const Result<ByteView> part = co_await source.read();
    if (!part) co_return std::unexpected(part.error());
    if (part->empty()) co_return body;
    if (body.size() + part->size() > longest_login) co_return fail(ErrorKind::exhausted, "this is no token");
    body += text_of(*part);
  }
}

}  // namespace

class Dashboard::Visit final : public http::ExchangeHandler {
 public:
  Visit(Dashboard& dashboard, Gate gate, Endpoint client)
      : dashboard_(dashboard),
        gate_(std::move(gate)),
        client_(client),
        api_(dashboard.context_, "the dashboard's user at " + client.to_string(), false) {}

  io::Task<void> handle(http::Exchange& exchange) override {
    std::optional<Reply> refusal = refuse_foreign(exchange.request);
    const std::string_view path = path_of(exchange.request);
    const bool login = path == session_path && exchange.request.method == "POST";
    if (!refusal && !login && needs_session(path)) refusal = refuse_unknown(exchange.request);
    if (refusal) {
      co_await send(exchange, std::move(*refusal));
      co_return;
    }
    if (!reads(exchange.request) && !login) note(exchange.request.method + " " + std::string(path));
    if (path == live_path) {
      co_await watch(exchange);
      co_return;
    }
    if (is_page_of_api(path) && path != session_path) {
      co_await api_.handle(exchange);
      co_return;
    }
    Reply reply;
    if (login) {
      reply = co_await log_in(exchange);
    } else {
      reply = answer(exchange.request, path);
    }
    co_await send(exchange, std::move(reply));
  }

  http::Page refuse_unreadable(const http::http1::ParseError& error) override {
    return http::error_page(error.status, {}, error.reason, http::make_request_id(), http::PageFormat::text);
  }

 private:
  void note(const std::string& what) const {
    dashboard_.context_.observed.log.info("dashboard: " + client_.to_string() + ": " + what);
  }
  [[nodiscard]] io::TimePoint now() const { return dashboard_.context_.loop.now(); }

  [[nodiscard]] static bool needs_session(std::string_view path) {
    return is_page_of_api(path) || path == "/ca.crt" || path == "/ca.der";
  }

  // Who calls us by another name, or speaks for another site.
  std::optional<Reply> refuse_foreign(const http::RequestHead& request) const {
    Result<void> checked = check_host(request, gate_);
    const bool matters = needs_session(path_of(request)) || !reads(request);
    if (checked && matters) checked = check_origin(request, gate_);
    // Asked before a request that another site's page wants to make (Fetch §4.8): none is allowed.
    if (checked && request.method == "OPTIONS") {
      checked = fail(ErrorKind::not_permitted, "no other site may ask anything here");
    }
    // A field that forms cannot send, nor pages of other sites without having asked.
    if (checked && !reads(request) && request.fields.get("X-Sallyport") != "1") {
      checked = fail(ErrorKind::not_permitted, "what changes something needs the field X-Sallyport: 1");
    }
    if (checked) return std::nullopt;
    note("refused: " + checked.error().reason);
    return error_reply(403, checked.error().reason);
  }

  // Who shows neither the token nor an open session.
  std::optional<Reply> refuse_unknown(const http::RequestHead& request) {
    const std::optional<std::string_view> authorization = request.fields.get("Authorization");
    if (authorization && authorization->starts_with(bearer)) return check_token(authorization->substr(bearer.size()));
    const std::optional<std::string_view> session = cookie(request.fields, session_cookie);
    if (session && dashboard_.sessions_.use(*session, now())) return std::nullopt;
    return error_reply(401, "log in first: sallyport dashboard prints the link");
  }

  // Nothing where it is the token.
  std::optional<Reply> check_token(std::string_view token) {
    Lockout& lockout = dashboard_.lockout_;
    if (const std::optional<std::chrono::seconds> left = lockout.left(client_.address, now())) {
      Reply reply{.status = 429,
                  .body = json_text({{"error", "too many wrong tokens came from your address"},
                                     {"retry_after_seconds", left->count()}})};
      reply.fields.add("Retry-After", std::to_string(left->count()));
      return reply;
    }
    if (crypto::equal_in_constant_time(token, dashboard_.context_.token)) {
      lockout.succeeded(client_.address);
      return std::nullopt;
    }
    const bool locked = lockout.failed(client_.address, now());
    note(locked ? "a wrong token, one too many: nobody at this address is listened to for a while" : "a wrong token");
    return error_reply(401, "this is not the token that sallyport dashboard prints");
  }

  io::Task<Reply> log_in(http::Exchange& exchange) {
    const Result<std::string> body = co_await read_login(exchange.request_body);
    if (!body) co_return error_reply(400, body.error().reason);
    const nlohmann::json said = nlohmann::json::parse(*body, nullptr, false);
    if (!said.is_object() || !said.contains("token") || !said["token"].is_string()) {
      co_return error_reply(400, "a JSON object with the string \"token\" is expected");
    }
    std::optional<Reply> refusal = check_token(said["token"].get_ref<const std::string&>());
    if (refusal) co_return std::move(*refusal);
    const Result<std::string> session = dashboard_.sessions_.open(now());
    if (!session) co_return error_reply(503, session.error().reason);
    note("logged in");
    co_return with_cookie(*session, Sessions::longest_life);
  }

  // `life` 0: the browser forgets it.
  [[nodiscard]] Reply with_cookie(const std::string& value, std::chrono::seconds life) const {
    Reply reply{.status = 204, .type = {}, .body = {}};
    std::string text = std::string(session_cookie) + "=" + value + "; HttpOnly; SameSite=Strict; Path=/; Max-Age=";
    text += std::to_string(life.count());
    if (gate_.tls) text += "; Secure";
    reply.fields.add("Set-Cookie", std::move(text));
    return reply;
  }

  io::Task<void> watch(http::Exchange& exchange) {
    const bool asks = std::ranges::find(exchange.upgrade, "websocket") != exchange.upgrade.end();
    const Result<http::ResponseHead> consent = http::accept_websocket(exchange.request);
    LiveFeed& feed = dashboard_.feed_;
    if (!asks || !consent || feed.viewers() >= LiveFeed::most_viewers) {
      Reply refusal = !asks      ? error_reply(426, "this path is a WebSocket's")
                      : !consent ? error_reply(400, consent.error().reason)
                                 : error_reply(503, "too many watch already");
      co_await send(exchange, std::move(refusal));
      co_return;
    }
    const std::string session(cookie(exchange.request.fields, session_cookie).value_or(""));
    const Result<io::Stream*> client = co_await exchange.response.take_over(*consent, "websocket");
    if (!client) co_return;
    std::function<bool()> welcome = [this, session] {
      return session.empty() || dashboard_.sessions_.use(session, now());
    };
    co_await feed.serve(**client, std::move(welcome));
  }

  Reply answer(const http::RequestHead& request, std::string_view path) {
    if (path == session_path && request.method == "DELETE") {
      dashboard_.sessions_.close(cookie(request.fields, session_cookie).value_or(""));
      return with_cookie("", std::chrono::seconds(0));
    }
    if (!reads(request)) return error_reply(405, "this path does not take " + request.method);
    if (path == session_path) return {.status = 204, .type = {}, .body = {}};
    if (needs_session(path)) return ca_certificate(dashboard_.context_, path);
    if (!dashboard_.assets_) {
      return {.status = path == "/" ? 200U : 404U,
              .type = "text/html; charset=utf-8",
              .body = std::string(page_without_files)};
    }
    const Asset* const found = dashboard_.assets_->find(path);
    return found == nullptr ? error_reply(404, "the dashboard has no such page") : page(*found, request);
  }

  Dashboard& dashboard_;
  const Gate gate_;
  const Endpoint client_;
  Api api_;
};

std::unique_ptr<http::ExchangeHandler> Dashboard::visit(Gate gate, Endpoint client) {
  return std::make_unique<Visit>(*this, std::move(gate), client);
}

// The first that a browser on this machine reaches, then the others.
Reply dashboard(const Context& context, const Request& request) {
  if (!request.trusted) return error_reply(403, "the token is told on the control socket alone");
  const std::vector<Endpoint>& listeners = context.configuration->settings.listen.dashboard;
  if (context.token.empty() || listeners.empty())
    return error_reply(404, "there is no dashboard: see [listen] dashboard");
  nlohmann::json links = nlohmann::json::array();
  for (const Endpoint& listener : listeners) {
    const bool loopback = listener.address.is_loopback() || listener.address.is_unspecified();
    const IpAddress own = listener.address.is_v4() ? *IpAddress::parse("127.0.0.1") : *IpAddress::parse("::1");
    const Endpoint shown{listener.address.is_unspecified() ? own : listener.address, listener.port};
    links.push_back((loopback ? "http://" : "https://") + shown.to_string() + "/login#token=" + context.token);
  }
  context.observed.log.info("the link to the dashboard was told to " + request.asker);
  return {.body = json_text({{"links", std::move(links)}})};
}

}  // namespace sallyport::admin
