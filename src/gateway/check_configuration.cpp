#include "sallyport/gateway/check_configuration.hpp"

#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "sallyport/base/text.hpp"
#include "sallyport/gateway/configuration.hpp"

namespace sallyport::gateway {
namespace {

bool is_about_permission(const config::Problem& problem) {
  return problem.reason.contains("Permission denied") || problem.reason.contains("Operation not permitted");
}

}  // namespace

void print_problems(const config::Problems& problems, std::ostream& err) {
  for (const config::Problem& problem : problems) err << config::to_string(problem) << '\n';
  if (::geteuid() == 0 || std::ranges::none_of(problems, is_about_permission)) return;
  err << "This user may not read all of it: the CA's key is root's alone. Run the command as root.\n";
}

int check_configuration(const std::string& path, const std::string& credentials_folder, std::ostream& out,
                        std::ostream& err) {
  config::Problems problems;
  const ConfigurationPtr configuration = load_configuration(path, credentials_folder, problems);
  if (configuration == nullptr) {
    print_problems(problems, err);
    out << problems.size() << (problems.size() == 1 ? " mistake" : " mistakes")
        << ". Nothing was changed; a running sallyportd goes on with what it has.\n";
    return exit_configuration;
  }
  for (const std::string& warning : configuration->warnings) err << "warning: " << printable(warning) << '\n';
  out << printable(path) << " and " << printable(configuration->settings.policy.file) << " can be used";
  if (const std::size_t count = configuration->warnings.size(); count != 0) {
    out << "; " << count << (count == 1 ? " warning" : " warnings");
  }
  out << ".\n";
  return 0;
}

}  // namespace sallyport::gateway
