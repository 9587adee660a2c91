#include "api.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "sallyport/admin/query.hpp"
#include "sallyport/http/request_id.hpp"

#include "resources.hpp"

namespace sallyport::admin {
namespace {

struct Route {
  std::string_view method;
  std::string_view path;  // {} stands for one segment
  Reply (*resource)(const Context& context, const Request& request);
};

constexpr std::array routes = {
    Route{"GET", "/api/v1/status", &status},
    Route{"GET", "/api/v1/connections", &connections},
    Route{"GET", "/api/v1/exchanges", &exchanges},
    Route{"GET", "/api/v1/exchanges/{}", &exchange},
    Route{"GET", "/api/v1/har", &har},
    Route{"GET", "/metrics", &metrics},
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
  const std::string_view rest = path.starts_with(route.path.substr(0, gap)) ? path.substr(gap) : std::string_view();
  if (rest.empty() || rest.find('/') != std::string_view::npos) return false;
  request.name = percent_decoded(rest);
  return true;
}

}  // namespace

std::string Request::query(std::string_view wanted) const {
  const auto found = std::ranges::find_if(queries, [&](const auto& query) { return query.first == wanted; });
  return found == queries.end() ? std::string() : found->second;
}

Reply error_reply(unsigned status, const std::string& reason) {
  // What a client sent may be no UTF-8; it comes back with replacement characters.
  return {
      .status = status,
      .body = nlohmann::json{{"error", reason}}.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

Reply Api::answer(const http::RequestHead& request) const {
  const std::size_t question = request.path.find('?');
  const std::string_view path = std::string_view(request.path).substr(0, question);
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  Request taken;
  if (question != std::string::npos) taken.queries = parse_query(std::string_view(request.path).substr(question + 1));
  bool path_known = false;
  for (const Route& route : routes) {
    if (!matches(route, path, taken)) continue;
    path_known = true;
    if (route.method == method) return route.resource(context_, taken);
  }
  return path_known ? error_reply(405, "this path does not take " + request.method) : not_found();
}

io::Task<void> Api::handle(http::Exchange& exchange) {
  const Reply reply = answer(exchange.request);
  http::ResponseHead head;
  head.status = reply.status;
  head.fields.add("Content-Type", std::string(reply.type));
  head.fields.add("Cache-Control", "no-store");
  head.fields.add("X-Content-Type-Options", "nosniff");
  const http::Fields no_trailers;
  Result<void> sent = co_await exchange.response.send_head(head, http::BodyShape::sized(reply.body.size()));
  if (sent && exchange.request.method != "HEAD") sent = co_await exchange.response.send_body(bytes_of(reply.body));
  if (sent) sent = co_await exchange.response.finish(no_trailers);
}

http::Page Api::refuse_unreadable(const http::http1::ParseError& error) {
  return http::error_page(error.status, {}, error.reason, http::make_request_id(), http::PageFormat::text);
}

}  // namespace sallyport::admin
