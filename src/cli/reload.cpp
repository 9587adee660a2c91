// Has the running daemon read its configuration anew.
#include <ostream>

#include "sallyport/base/text.hpp"
#include "sallyport/cli/program.hpp"
#include "sallyport/gateway/check_configuration.hpp"

#include "ask_daemon.hpp"

namespace sallyport::cli {
namespace {

void print_list(const nlohmann::json& told, const char* key, const char* before, std::ostream& out) {
  for (const nlohmann::json& one : told.value(key, nlohmann::json::array())) {
    if (one.is_string()) out << before << printable(one.get_ref<const std::string&>()) << '\n';
  }
}

}  // namespace

int reload(const std::string& config_path, bool as_json, Streams streams) {
  const std::expected<Told, int> told =
      ask_daemon(config_path, {.method = "POST", .target = "/api/v1/reload", .patience = std::chrono::seconds(90)},
                 streams, {200, 422});
  if (!told) return told.error();
  const bool done = told->status == 200;
  if (as_json) {
    streams.out << told->text;
  } else if (done) {
    print_list(told->json, "warnings", "warning: ", streams.err);
    print_list(told->json, "notes", "", streams.err);
    streams.out << "reloaded: all new connections and exchanges use policy generation "
                << told->json.value("policy_generation", 0ULL) << '\n';
  } else {
    print_list(told->json, "problems", "", streams.err);
    streams.err << "The daemon keeps the configuration that it has. Correct what is wrong, and once more: sallyport "
                   "reload\n";
  }
  return done ? 0 : gateway::exit_configuration;
}

}  // namespace sallyport::cli
