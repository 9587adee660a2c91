// The API: which path gives what. One table, for the control socket and for whatever else serves it.
//
// The admin thread alone.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "sallyport/admin/admin_server.hpp"
#include "sallyport/http/exchange.hpp"

namespace sallyport::admin {

struct Reply {
  unsigned status = 200;
  std::string_view type = "application/json";
  std::string body;
  http::Fields fields = {};  // besides those that every reply has
  // Where set, the body is what it sends; when it is over, so is the response.
  std::function<io::Task<void>(http::ResponseSink& response)> stream = {};
};

// What the answers are made of; it outlives every Api.
struct Context {
  Observed observed;
  gateway::ConfigurationPtr configuration;
  io::EventLoop& loop;
  io::Cancellation& ending;  // fires when the server ends: nobody waits for other threads any more
  std::string token = {};    // what the dashboard asks for; empty: there is none
};

// What was asked for, taken apart.
struct Request {
  std::string name;                                          // what stands in place of {} in the route's path
  std::vector<std::pair<std::string, std::string>> queries;  // decoded, in order
  std::string body;
  std::string asker;     // for the log: "user 1000"
  bool trusted = false;  // it came by the control socket, and may be told the token

  // The value of the first query of that name; empty where there is none.
  [[nodiscard]] std::string query(std::string_view name) const;
};

// ASCII alone, so that nothing in it is obeyed by a terminal.
[[nodiscard]] std::string json_text(const nlohmann::json& value);
[[nodiscard]] Reply error_reply(unsigned status, const std::string& reason);
// With the fields that keep a browser from making of a reply what it is not, or from keeping it.
io::Task<void> send(http::Exchange& exchange, Reply reply);

// Answers each request from the table; 404 with the list of paths, or 405, for what is not in it.
class Api final : public http::ExchangeHandler {
 public:
  // `asker`: who uses it, for the log. `trusted`: see Request.
  Api(const Context& context, std::string asker, bool trusted)
      : context_(context), asker_(std::move(asker)), trusted_(trusted) {}

  io::Task<void> handle(http::Exchange& exchange) override;
  http::Page refuse_unreadable(const http::http1::ParseError& error) override;

 private:
  [[nodiscard]] io::Task<Reply> answer(http::Exchange& exchange) const;

  const Context& context_;
  const std::string asker_;
  const bool trusted_;
};

}  // namespace sallyport::admin
