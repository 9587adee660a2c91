#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <ostream>

#include <time.h>

#include "sallyport/base/text.hpp"
#include "sallyport/cli/program.hpp"
#include "sallyport/config/settings.hpp"
#include "sallyport/crypto/certificate.hpp"
#include "sallyport/gateway/check_configuration.hpp"
#include "sallyport/pki/certificate_authority.hpp"
#include "sallyport/pki/create_ca.hpp"

#include "commands.hpp"

namespace sallyport::cli {
namespace {

using gateway::exit_configuration;

// A machine without settings yet gets its CA where the defaults say.
std::optional<config::Settings::Ca> ca_settings(const std::string& config_path, Streams streams) {
  struct stat facts{};
  if (::stat(config_path.c_str(), &facts) != 0 && errno == ENOENT) {
    streams.err << "note: there is no " << printable(config_path) << "; the default paths are used\n";
    return config::default_settings(config_path).ca;
  }
  config::Problems problems;
  const auto settings = config::load_settings(config_path, problems);
  if (!settings) {
    gateway::print_problems(problems, streams.err);
    return std::nullopt;
  }
  return settings->ca;
}

std::string utc_text(std::chrono::sys_seconds time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "?";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

int exit_status_of(const Error& error) { return error.kind == ErrorKind::config ? exit_configuration : exit_failure; }

int report(const Error& error, Streams streams) {
  streams.err << printable(error.reason) << '\n';
  if (::geteuid() != 0 && error.reason.contains("Permission denied")) {
    streams.err << "This user may not do that. Run the command as root.\n";
  }
  return exit_status_of(error);
}

void print_description(const pki::CaDescription& ca, std::ostream& out) {
  out << "subject      " << ca.subject << "\nSHA-256      " << ca.fingerprint << "\nkey          " << ca.key_kind
      << "\nvalid from   " << utc_text(ca.not_before) << "\nvalid until  " << utc_text(ca.not_after) << '\n';
}

pki::CaFiles files_of(const config::Settings::Ca& ca) {
  if (!ca.pkcs12.empty()) return {"", "", ca.pkcs12, ca.passphrase_file};
  return {ca.certificate, ca.key, "", ca.passphrase_file};
}

}  // namespace

int ca_init(const std::string& config_path, const CaInit& options, Streams streams) {
  const auto ca = ca_settings(config_path, streams);
  if (!ca) return exit_configuration;
  if (!ca->pkcs12.empty()) {
    streams.err << "[ca] pkcs12 of " << printable(config_path) << " names " << printable(ca->pkcs12)
                << ", which would be used in place of a new CA. Empty that key first.\n";
    return exit_configuration;
  }
  const auto kind = pki::parse_ca_key_kind(options.kind);
  if (!kind) return report(kind.error(), streams);
  const auto made =
      pki::create_ca({ca->certificate, ca->key, *kind, options.common_name, options.years}, crypto::wall_clock());
  if (!made) return report(made.error(), streams);

  const auto description = pki::describe_ca(files_of(*ca));
  if (!description) return report(description.error(), streams);
  streams.out << "A new CA:\n";
  print_description(*description, streams.out);
  streams.out << "certificate  " << printable(ca->certificate) << "\nprivate key  " << printable(ca->key)
              << ", readable by its owner alone\n"
              << "Next: put the certificate in the clients' trust stores, name their interface as [gateway]\n"
              << "lan_interfaces in " << printable(config_path) << ", then:\n"
              << "systemctl restart sallyportd && systemctl reload-or-restart sallyport-steering\n";
  return 0;
}

int ca_show(const std::string& config_path, bool with_pem, Streams streams) {
  const auto ca = ca_settings(config_path, streams);
  if (!ca) return exit_configuration;
  const auto description = pki::describe_ca(files_of(*ca));
  if (!description) {
    const int status = report(description.error(), streams);
    if (ca->pkcs12.empty() && ::access(ca->certificate.c_str(), F_OK) != 0 && errno == ENOENT) {
      streams.err << "Make a CA with: sallyport ca init\n";
    }
    return status;
  }
  print_description(*description, streams.out);
  if (with_pem) streams.out << description->pem;
  return 0;
}

}  // namespace sallyport::cli
