#include "api.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "sallyport/admin/query.hpp"
#include "sallyport/http/request_id.hpp"

#include "resources.hpp"

namespace sallyport::admin {
namespace {

// What a person or a script writes into a request; what is longer was not meant for us.
constexpr std::size_t longest_body = std::size_t{64} * 1024;

// No script, style, picture or connection that is not our own, no frame around us, nothing said to other sites, nothing
// kept, nothing guessed.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> safety_fields = {{
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
     "base-uri 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
}};

struct Route {
  std::string_view method;
  std::string_view path;  // {} stands for one segment
  // One of them: what is at hand, and what other threads have to be asked for.
  Reply (*resource)(const Context& context, const Request& request) = nullptr;
  io::Task<Reply> (*action)(const Context& context, Request request) = nullptr;
};

constexpr std::array routes = {
    Route{"GET", "/api/v1/status", &status},
    Route{"GET", "/api/v1/connections", &connections},
    Route{"GET", "/api/v1/dashboard", &dashboard},
    Route{"GET", "/api/v1/exchanges", &exchanges},
    Route{"GET", "/api/v1/exchanges/{}", &exchange},
    Route{"GET", "/api/v1/explain", &explain},
    Route{"GET", "/api/v1/trust", &trust},
    Route{"GET", "/api/v1/har", &har},
    Route{"GET", "/metrics", &metrics},
    Route{"POST", "/api/v1/capture", nullptr, &capture},
    Route{"POST", "/api/v1/reload", nullptr, &reload},
    Route{"POST", "/api/v1/exchanges/{}/replay", nullptr, &replay},
};

Reply not_found() {
  std::string paths;
  for (const Route& route : routes) {
    paths += (paths.empty() ? "" : ", ") + std::string(route.method) + " " + std::string(route.path);
  }
  return error_reply(404, "no such path; there are: " + paths);
}

// Whether `path` is the route's; fills in what stands for {}.
bool matches(const Route& route, std::string_view path, Request& request) {
  const std::size_t gap = route.path.find("{}");
  if (gap == std::string_view::npos) return route.path == path;
  const std::string_view before = route.path.substr(0, gap);
  const std::string_view behind = route.path.substr(gap + 2);
  if (!path.starts_with(before) || !path.ends_with(behind) || path.size() <= before.size() + behind.size())
    return false;
  const std::string_view name = path.substr(gap, path.size() - before.size() - behind.size());
  if (name.find('/') != std::string_view::npos) return false;
  request.name = percent_decoded(name);
  return true;
}

// Error exhausted: it is too long.
io::Task<Result<std::string>> read_body(http::BodySource& source) {
  std::string body;
  for (;;) {
    const Result<ByteView> part = co_await source.read();
    if (!part) co_return std::unexpected(part.error());
    if (part->empty()) co_return body;
    if (body.size() + part->size() > longest_body) co_return fail(ErrorKind::exhausted, "the request is too long");
    body += text_of(*part);
  }
}

}  // namespace

std::string Request::query(std::string_view wanted) const {
  const auto found = std::ranges::find_if(queries, [&](const auto& query) { return query.first == wanted; });
  return found == queries.end() ? std::string() : found->second;
}

// What a client sent may be no UTF-8; it comes back with replacement characters.
std::string json_text(const nlohmann::json& value) {
  return value.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

Reply error_reply(unsigned status, const std::string& reason) {
  return {.status = status, .body = json_text({{"error", reason}})};
}

io::Task<void> send(http::Exchange& exchange, Reply reply) {
  http::ResponseHead head;
  head.status = reply.status;
  if (!reply.type.empty()) head.fields.add("Content-Type", std::string(reply.type));
  for (const auto& [name, value] : safety_fields) head.fields.add(std::string(name), std::string(value));
  for (const http::Field& field : reply.fields) head.fields.set(field.name, field.value);
  const bool bodiless = reply.status == 204 || reply.status == 304;
  if (reply.stream) {
    const Result<void> begun = co_await exchange.response.send_head(head, http::BodyShape::streamed());
    if (begun) co_await reply.stream(exchange.response);
    co_return;
  }
  const http::BodyShape shape = bodiless ? http::BodyShape::none() : http::BodyShape::sized(reply.body.size());
  const http::Fields no_trailers;
  Result<void> sent = co_await exchange.response.send_head(head, shape);
  const bool has_body = !bodiless && exchange.request.method != "HEAD";
  if (sent && has_body) sent = co_await exchange.response.send_body(bytes_of(reply.body));
  if (sent) sent = co_await exchange.response.finish(no_trailers);
}

io::Task<Reply> Api::answer(http::Exchange& exchange) const {
  const http::RequestHead& request = exchange.request;
  const std::size_t question = request.path.find('?');
  const std::string_view path = std::string_view(request.path).substr(0, question);
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  Request taken;
  taken.asker = asker_;
  taken.trusted = trusted_;
  if (question != std::string::npos) taken.queries = parse_query(std::string_view(request.path).substr(question + 1));
  bool path_known = false;
  for (const Route& route : routes) {
    if (!matches(route, path, taken)) continue;
    path_known = true;
    if (route.method != method) continue;
    if (route.resource != nullptr) co_return route.resource(context_, taken);
    Result<std::string> body = co_await read_body(exchange.request_body);
    if (!body) co_return error_reply(body.error().kind == ErrorKind::exhausted ? 413 : 400, body.error().reason);
    taken.body = std::move(*body);
    co_return co_await route.action(context_, std::move(taken));
  }
  co_return path_known ? error_reply(405, "this path does not take " + request.method) : not_found();
}

io::Task<void> Api::handle(http::Exchange& exchange) {
  Reply reply = co_await answer(exchange);
  co_await send(exchange, std::move(reply));
}

http::Page Api::refuse_unreadable(const http::http1::ParseError& error) {
  return http::error_page(error.status, {}, error.reason, http::make_request_id(), http::PageFormat::text);
}

}  // namespace sallyport::admin
