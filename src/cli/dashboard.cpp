// The link that opens the dashboard.
#include <ostream>

#include "sallyport/cli/program.hpp"

#include "ask_daemon.hpp"

namespace sallyport::cli {

int dashboard(const std::string& config_path, bool as_json, Streams streams) {
  const std::expected<Told, int> told = ask_daemon(config_path, "/api/v1/dashboard", streams);
  if (!told) return told.error();
  if (as_json) {
    streams.out << told->text;
    return 0;
  }
  try {
    for (const nlohmann::json& link : told->json.at("links")) streams.out << link.get<std::string>() << '\n';
  } catch (const nlohmann::json::exception&) {
    streams.err << not_understood;
    return exit_failure;
  }
  return 0;
}

}  // namespace sallyport::cli
