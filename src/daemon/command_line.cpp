#include "sallyport/daemon/command_line.hpp"

#include <iostream>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace sallyport::daemon {

namespace {
constexpr int exit_usage = 64;
}

std::expected<CommandLine, int> parse_command_line(int count, const char* const* arguments, std::ostream& out,
                                                   std::ostream& err) {
  CommandLine options;
  CLI::App app("The sallyport gateway. Runs in the foreground. See sallyportd(8).", "sallyportd");
  app.set_version_flag("--version", "sallyportd " SALLYPORT_VERSION);
  app.add_option("--config", options.config, "The settings")->type_name("FILE")->capture_default_str();
  app.add_flag("--check", options.check, "Report every mistake in settings, policy and CA, and exit");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& ending) {
    return std::unexpected(app.exit(ending, out, err) == 0 ? 0 : exit_usage);
  }
  return options;
}

}  // namespace sallyport::daemon
