#include <iostream>

#include <stdlib.h>

#include "sallyport/daemon/command_line.hpp"
#include "sallyport/daemon/daemon.hpp"
#include "sallyport/gateway/check_configuration.hpp"

#include "process.hpp"

int main(int count, char** arguments) {
  using namespace sallyport;
  const auto options = daemon::parse_command_line(count, arguments, std::cout, std::cerr);
  if (!options) return options.error();
  if (const auto hardened = daemon::harden_process(); !hardened) {
    std::cerr << "sallyportd: " << hardened.error().reason << '\n';
    return 1;
  }
  const char* credentials = ::getenv("CREDENTIALS_DIRECTORY");
  const std::string credentials_folder = credentials == nullptr ? "" : credentials;
  if (options->check) {
    return gateway::check_configuration(options->config, credentials_folder, std::cout, std::cerr);
  }
  return daemon::Daemon(options->config, credentials_folder).run();
}
