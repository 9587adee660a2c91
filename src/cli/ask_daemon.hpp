// How the commands ask the running daemon.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "commands.hpp"

namespace sallyport::cli {

inline constexpr std::string_view not_understood = "the daemon's answer is not understood: is it of another version?\n";

struct Told {
  std::string text;
  nlohmann::json json;
};

// GET `target` over the control socket that the settings name. Where there is no answer, or one that is an error, that
// has been said on streams.err, and what comes back is the exit status.
[[nodiscard]] std::expected<Told, int> ask_daemon(const std::string& config_path, const std::string& target,
                                                  Streams streams);

}  // namespace sallyport::cli
