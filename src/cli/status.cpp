// What a running daemon says of itself.
#include <ostream>

#include "sallyport/cli/program.hpp"

#include "ask_daemon.hpp"
#include "columns.hpp"

namespace sallyport::cli {
namespace {

std::string list_text(const nlohmann::json& list) {
  std::string text;
  for (const nlohmann::json& one : list) text += (text.empty() ? "" : ", ") + one.get<std::string>();
  return text.empty() ? "off" : text;
}

void print(const nlohmann::json& status, std::ostream& out) {
  out << "sallyportd " << status.at("version").get<std::string>() << ", up "
      << duration_text(status.at("uptime_seconds").get<double>()) << ", " << status.at("workers").get<std::size_t>()
      << " workers\n"
      << "  settings     " << status.at("config").get<std::string>() << '\n'
      << "  transparent  " << list_text(status.at("listen").at("transparent")) << '\n'
      << "  proxy        " << list_text(status.at("listen").at("proxy")) << '\n'
      << "  connections  " << status.at("connections").get<std::size_t>() << " of at most "
      << status.at("max_connections").get<std::size_t>() << '\n'
      << "  leaves       " << status.at("leaves").get<std::size_t>() << " cached\n"
      << "  CA SHA-256   " << status.at("ca_fingerprint").get<std::string>() << '\n';
  const auto dropped = status.at("log_lines_dropped").get<std::uint64_t>();
  if (dropped > 0) out << "  log          " << dropped << " lines were dropped for want of room\n";
}

}  // namespace

int status(const std::string& config_path, bool as_json, Streams streams) {
  const std::expected<Told, int> told = ask_daemon(config_path, "/api/v1/status", streams);
  if (!told) return told.error();
  if (as_json) {
    streams.out << told->text;
    return 0;
  }
  try {
    print(told->json, streams.out);
  } catch (const nlohmann::json::exception&) {
    streams.err << not_understood;
    return exit_failure;
  }
  return 0;
}

}  // namespace sallyport::cli
