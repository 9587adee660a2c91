#include "ask_daemon.hpp"

#include <algorithm>
#include <ostream>

#include "sallyport/admin/control_client.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/cli/program.hpp"
#include "sallyport/config/settings.hpp"
#include "sallyport/gateway/check_configuration.hpp"

namespace sallyport::cli {

std::expected<Told, int> ask_daemon(const std::string& config_path, const admin::Question& question, Streams streams,
                                    const std::vector<unsigned>& statuses) {
  config::Problems problems;
  const auto settings = config::load_settings(config_path, problems);
  if (!settings) {
    gateway::print_problems(problems, streams.err);
    return std::unexpected(gateway::exit_configuration);
  }
  if (settings->control.socket.empty()) {
    streams.err << "[control] socket is empty: the daemon answers no questions\n";
    return std::unexpected(gateway::exit_configuration);
  }
  const Result<admin::Answer> answer = admin::ask(settings->control.socket, question);
  if (!answer) {
    streams.err << printable(answer.error().reason) << "\nIs the daemon running? systemctl status sallyportd\n";
    return std::unexpected(exit_failure);
  }
  if (question.take && answer->status == 200) return Told{};
  Told told{answer->status, answer->body, nlohmann::json::parse(answer->body, nullptr, false)};
  if (told.json.is_discarded()) {
    streams.err << not_understood;
    return std::unexpected(exit_failure);
  }
  if (std::ranges::find(statuses, answer->status) == statuses.end()) {
    streams.err << printable(told.json.is_object() ? told.json.value("error", "the daemon refuses") : answer->body)
                << '\n';
    return std::unexpected(exit_failure);
  }
  return told;
}

}  // namespace sallyport::cli
