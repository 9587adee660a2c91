// What the daemon has kept of past exchanges.
#include <iomanip>
#include <ostream>

#include "sallyport/admin/query.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/cli/program.hpp"

#include "ask_daemon.hpp"
#include "history_filter.hpp"

namespace sallyport::cli {
namespace {

std::string target_of(const std::string& path, const HistoryQuery& query, const std::string& since) {
  std::string target = path + "?limit=" + std::to_string(query.limit);
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) target += std::string("&") + name + "=" + admin::percent_encoded(value);
  };
  add("client", query.client);
  add("host", query.host);
  add("verdict", query.verdict);
  add("text", query.text);
  add("status", query.status);
  add("since", since);
  return target;
}

// Whatever the daemon says came from the network once.
std::string text_at(const nlohmann::json& exchange, const char* key) {
  const auto found = exchange.find(key);
  if (found == exchange.end()) return {};
  return printable(found->is_string() ? found->get<std::string>() : found->dump());
}

void print_line(const nlohmann::json& exchange, std::ostream& out) {
  out << text_at(exchange, "time") << "  " << std::left << std::setw(22) << text_at(exchange, "client") << ' '
      << std::setw(3) << text_at(exchange, "status") << ' ' << std::setw(18) << text_at(exchange, "verdict") << ' '
      << text_at(exchange, "method") << (exchange.value("method", "").empty() ? "" : " ") << text_at(exchange, "host")
      << text_at(exchange, "path") << "  " << text_at(exchange, "ms") << " ms";
  if (const std::string error = text_at(exchange, "error"); !error.empty()) out << "  (" << error << ')';
  out << "  " << text_at(exchange, "request_id") << '\n';
}

std::expected<Told, int> look_up(const std::string& config_path, const std::string& path, const HistoryQuery& query,
                                 Streams streams) {
  const std::expected<std::string, int> since = since_of(query, streams);
  if (!since) return std::unexpected(since.error());
  return ask_daemon(config_path, target_of(path, query, *since), streams);
}

// Fields as they were, and how much of the body there is.
void print_message(const nlohmann::json& exchange, const char* which, std::ostream& out) {
  const auto message = exchange.find(which);
  if (message == exchange.end() || !message->is_object()) return;
  const nlohmann::json fields = message->value("fields", nlohmann::json::array());
  if (fields.empty()) return;
  out << '\n' << which << '\n';
  for (const nlohmann::json& field : fields) {
    out << "  " << printable(field.at(0).get<std::string>()) << ": " << printable(field.at(1).get<std::string>())
        << '\n';
  }
}

}  // namespace

int history(const std::string& config_path, const HistoryQuery& query, Streams streams) {
  const std::expected<Told, int> told = look_up(config_path, "/api/v1/exchanges", query, streams);
  if (!told) return told.error();
  if (query.json) {
    streams.out << told->text;
    return 0;
  }
  for (auto exchange = told->json.rbegin(); exchange != told->json.rend(); ++exchange)
    print_line(*exchange, streams.out);
  if (told->json.empty()) streams.err << "no exchange fits\n";
  return 0;
}

int har(const std::string& config_path, const HistoryQuery& query, Streams streams) {
  const std::expected<Told, int> told = look_up(config_path, "/api/v1/har", query, streams);
  if (!told) return told.error();
  streams.out << told->text;
  return 0;
}

int show(const std::string& config_path, const std::string& request_id, bool as_json, Streams streams) {
  const std::string target = "/api/v1/exchanges/" + admin::percent_encoded(request_id);
  const std::expected<Told, int> told = ask_daemon(config_path, target, streams);
  if (!told) return told.error();
  if (as_json) {
    streams.out << told->text;
    return 0;
  }
  for (const auto& [key, value] : told->json.items()) {
    if (key == "row" || key == "request" || key == "response" ||
        (value.is_string() && value.get_ref<const std::string&>().empty()))
      continue;
    streams.out << std::left << std::setw(14) << printable(key) << text_at(told->json, key.c_str()) << '\n';
  }
  for (const char* const which : {"request", "response"}) print_message(told->json, which, streams.out);
  return 0;
}

}  // namespace sallyport::cli
