// Sends a request of the past once more.
#include <algorithm>
#include <array>
#include <ostream>

#include "sallyport/admin/query.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/cli/program.hpp"

#include "ask_daemon.hpp"
#include "columns.hpp"

namespace sallyport::cli {
namespace {

using nlohmann::json;

std::string shown(const json& value) {
  if (value.is_null()) return "(none)";
  return printable(value.is_string() ? value.get<std::string>() : value.dump());
}

// RFC 9110 §9.2.1: those that ask for nothing but to read.
bool is_safe(const std::string& method) {
  static constexpr std::array<std::string_view, 4> methods = {"GET", "HEAD", "OPTIONS", "TRACE"};
  return std::ranges::find(methods, method) != methods.end();
}

void print(const json& told, Streams streams) {
  const json& request = told.at("request");
  const auto method = request.at("method").get<std::string>();
  streams.out << printable(method) << ' ' << shown(request.at("scheme")) << "://" << shown(request.at("host"))
              << shown(request.at("path")) << "\nreplayed as " << shown(told.at("id")) << "\n\n";
  Columns table({"", "RECORDED", "REPLAYED"});
  for (const char* const key : {"status", "verdict", "ms", "wait_ms", "body_bytes"}) {
    table.add_row({key, shown(told.at("recorded").at(key)), shown(told.at("replayed").at(key))});
  }
  for (const json& difference : told.at("differences")) {
    const auto what = difference.at("what").get<std::string>();
    if (what == "status" || what == "verdict" || what == "body_bytes") continue;
    table.add_row({printable(what), shown(difference.at("recorded")), shown(difference.at("replayed"))});
  }
  table.print(streams.out);
  const std::size_t differences = told.at("differences").size();
  streams.out << '\n'
              << (differences == 0 ? "no difference but in time"
                                   : std::to_string(differences) + (differences == 1 ? " difference" : " differences"))
              << '\n';
  if (!is_safe(method)) streams.err << printable(method) << " may have changed something at the origin once more\n";
  std::string left_out;
  for (const json& name : request.at("left_out")) left_out += (left_out.empty() ? "" : ", ") + shown(name);
  if (!left_out.empty()) {
    streams.err << "sent without " << left_out
                << ", whose values are never kept; give them with --header 'NAME: VALUE'\n";
  }
}

}  // namespace

int replay(const std::string& config_path, const ReplayWish& wish, Streams streams) {
  json body = json::object();
  if (!wish.to.empty()) body["to"] = wish.to;
  for (const std::string& header : wish.headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos || colon == 0) {
      streams.err << "--header: expected 'NAME: VALUE', found '" << printable(header) << "'\n";
      return exit_usage;
    }
    body["headers"][header.substr(0, colon)] = std::string(trim(std::string_view(header).substr(colon + 1)));
  }
  const admin::Question question{.method = "POST",
                                 .target = "/api/v1/exchanges/" + admin::percent_encoded(wish.request_id) + "/replay",
                                 .body = body.dump(-1, ' ', false, json::error_handler_t::replace),
                                 .patience = std::chrono::seconds(60)};
  const std::expected<Told, int> told = ask_daemon(config_path, question, streams);
  if (!told) return told.error();
  if (wish.json) {
    streams.out << told->text;
    return 0;
  }
  try {
    print(told->json, streams);
  } catch (const json::exception&) {
    streams.err << not_understood;
    return exit_failure;
  }
  return 0;
}

}  // namespace sallyport::cli
