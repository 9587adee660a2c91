#include "sallyport/policy/explain.hpp"

#include <ostream>

#include "sallyport/base/text.hpp"
#include "sallyport/cli/program.hpp"
#include "sallyport/config/settings.hpp"
#include "sallyport/gateway/check_configuration.hpp"
#include "sallyport/policy/load_policy.hpp"

#include "commands.hpp"

namespace sallyport::cli {

int explain(const std::string& config_path, const std::string& name, const std::string& client, Streams streams) {
  const std::optional<IpAddress> address = IpAddress::parse(client);
  if (!client.empty() && !address) {
    streams.err << "--client: '" << printable(client) << "' is not an address\n";
    return exit_usage;
  }
  config::Problems problems;
  const auto settings = config::load_settings(config_path, problems);
  const auto snapshot = settings ? policy::load_policy(settings->policy.file, problems) : nullptr;
  if (snapshot == nullptr) {
    gateway::print_problems(problems, streams.err);
    return gateway::exit_configuration;
  }
  const auto explanation = policy::explain(*snapshot, name, address ? &*address : nullptr);
  if (!explanation) {
    streams.err << printable(explanation.error().reason) << '\n';
    return exit_usage;
  }
  streams.out << policy::to_text(*explanation);
  return 0;
}

}  // namespace sallyport::cli
