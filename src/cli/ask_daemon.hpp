// How the commands ask the running daemon.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sallyport/admin/control_client.hpp"

#include "commands.hpp"

namespace sallyport::cli {

inline constexpr std::string_view not_understood = "the daemon's answer is not understood: is it of another version?\n";

struct Told {
  unsigned status = 200;
  std::string text;
  nlohmann::json json;
};

// Asks over the control socket that the settings name. Where there is no answer, or one that is an error, that
// has been said on streams.err, and what comes back is the exit status. `statuses`: those that are no error.
[[nodiscard]] std::expected<Told, int> ask_daemon(const std::string& config_path, const admin::Question& question,
                                                  Streams streams, const std::vector<unsigned>& statuses = {200});
// GET `target`.
[[nodiscard]] inline std::expected<Told, int> ask_daemon(const std::string& config_path, const std::string& target,
                                                         Streams streams) {
  return ask_daemon(config_path, admin::Question{.target = target}, streams);
}

}  // namespace sallyport::cli
