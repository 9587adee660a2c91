#include "sallyport/gateway/configuration.hpp"

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "sallyport/config/ini.hpp"
#include "sallyport/config/line_reader.hpp"
#include "sallyport/crypto/certificate.hpp"
#include "sallyport/policy/load_policy.hpp"
#include "sallyport/policy/overlaps.hpp"

namespace sallyport::gateway {
namespace {

// The last entry of a key, or null where the file does not have it.
const config::IniEntry* entry_of(const config::IniFile& file, std::string_view section, std::string_view key) {
  const config::IniEntry* found = nullptr;
  for (const config::IniSection& one : file.sections) {
    if (one.name != section) continue;
    for (const config::IniEntry& entry : one.entries) {
      if (entry.key == key) found = &entry;
    }
  }
  return found;
}

std::uint32_t line_of(const config::IniFile& file, std::string_view section, std::string_view key) {
  const config::IniEntry* entry = entry_of(file, section, key);
  return entry == nullptr ? 0 : entry->line;
}

struct NamedFile {
  std::string_view key;
  std::string_view path;
};

// At the key whose file the sentence names: that is where the admin can mend it. Otherwise at the first of them.
config::Problem problem_at(const config::IniFile& file, std::string_view section,
                           std::initializer_list<NamedFile> candidates, const Error& error) {
  const NamedFile* blamed = candidates.begin();
  for (const NamedFile& candidate : candidates) {
    if (candidate.path.empty() || error.reason.find(candidate.path) == std::string::npos) continue;
    blamed = &candidate;
    break;
  }
  return {file.path, line_of(file, section, blamed->key), std::string(blamed->key) + ": " + error.reason};
}

// The copy that systemd hands over, where there is one of that name: the original is often readable by root alone.
std::string credential_or(const std::string& path, const std::string& folder) {
  if (path.empty() || folder.empty()) return path;
  const std::filesystem::path copy = std::filesystem::path(folder) / std::filesystem::path(path).filename();
  std::error_code ignored;
  return std::filesystem::is_regular_file(copy, ignored) ? copy.string() : path;
}

pki::CaFiles ca_files(const config::Settings::Ca& ca, const std::string& credentials_folder) {
  pki::CaFiles files;
  files.passphrase_file = credential_or(ca.passphrase_file, credentials_folder);
  if (!ca.pkcs12.empty()) {
    files.pkcs12 = credential_or(ca.pkcs12, credentials_folder);
    return files;
  }
  files.certificate = ca.certificate;
  files.key = credential_or(ca.key, credentials_folder);
  return files;
}

pki::IssuingCa mode_of(config::IssuingCa issuing_ca) {
  switch (issuing_ca) {
    case config::IssuingCa::automatic:
      return pki::IssuingCa::automatic;
    case config::IssuingCa::yes:
      return pki::IssuingCa::yes;
    case config::IssuingCa::no:
      return pki::IssuingCa::no;
  }
  return pki::IssuingCa::automatic;
}

pki::TrustSources sources_of(const config::Settings& settings) {
  pki::TrustSources sources;
  sources.system_ca = settings.upstream.system_ca;
  sources.outgoing_ca_bundle = settings.upstream.outgoing_ca_bundle;
  return sources;
}

// Only the CA that signs for us: the ones above it may well have issued certificates for the organisation's servers.
Result<pki::TrustStorePtr> load_trust(const config::Settings& settings, const pki::IssuerSource& issuers) {
  return pki::TrustStore::load(sources_of(settings), {issuers.current()->ca()->certificate()});
}

// One reading of the files, stage by stage; a stage whose input failed is left out, the others still report.
class Loader {
 public:
  Loader(const std::string& path, const std::string& credentials_folder, config::Problems& problems)
      : file_(config::read_ini(path)), credentials_folder_(credentials_folder), problems_(problems) {}

  ConfigurationPtr load() {
    const std::size_t before = problems_.size();
    const std::optional<config::Settings> settings = config::settings_from(file_, problems_);
    load_policy(settings);
    load_client_identities();
    if (settings) {
      loaded_->settings = *settings;
      load_authority();
      load_trust_and_tickets();
      load_credentials();
    }
    if (problems_.size() != before) return nullptr;
    return loaded_;
  }

 private:
  // Of settings with mistakes too, so that one reading shows all there is to correct.
  void load_policy(const std::optional<config::Settings>& settings) {
    if (!settings && file_.sections.empty()) return;
    const config::IniEntry* given = entry_of(file_, "policy", "file");
    std::string path = config::default_settings(file_.path).policy.file;
    if (settings) {
      path = settings->policy.file;
    } else if (given != nullptr) {
      path = config::resolve_path(file_.path, given->value);
    }
    loaded_->policy = policy::load_policy(path, problems_);
    if (loaded_->policy == nullptr) return;
    for (const config::Problem& overlap : policy::overlaps(*loaded_->policy)) {
      loaded_->warnings.push_back(config::to_string(overlap));
    }
  }

  void load_client_identities() {
    if (loaded_->policy == nullptr) return;
    const std::chrono::sys_seconds now = crypto::wall_clock();
    for (const policy::ClientCertificate& given : loaded_->policy->client_certificates()) {
      const std::string key = credential_or(given.key, credentials_folder_);
      auto identity = pki::ClientIdentity::load(given.certificate, key, now);
      if (!identity) {
        const std::string& reason = identity.error().reason;
        const bool in_key = reason.contains(key) && !reason.contains(given.certificate);
        problems_.push_back({given.file, in_key ? given.key_line : given.certificate_line,
                             (in_key ? "key: " : "certificate: ") + reason});
        continue;
      }
      for (const std::string& warning : (*identity)->warnings()) {
        const config::Problem placed{given.file, given.certificate_line, warning};
        loaded_->warnings.push_back(config::to_string(placed));
      }
      loaded_->client_identities.push_back(std::move(*identity));
    }
  }

  void load_authority() {
    const config::Settings::Ca& ca = loaded_->settings.ca;
    const pki::CaFiles files = ca_files(ca, credentials_folder_);
    const std::chrono::sys_seconds now = crypto::wall_clock();
    const auto authority = pki::CertificateAuthority::load(files, now);
    if (!authority) return add_authority_problem(files, authority.error());
    const auto issuer = pki::Issuer::create(*authority, mode_of(ca.issuing_ca), ca.leaf_life, now);
    if (!issuer) return add_authority_problem(files, issuer.error());
    loaded_->issuers = std::make_shared<pki::IssuerSource>(*issuer, mode_of(ca.issuing_ca), ca.leaf_life);
    const std::vector<std::string>& warnings = (*authority)->warnings();
    loaded_->warnings.insert(loaded_->warnings.end(), warnings.begin(), warnings.end());
  }

  void add_authority_problem(const pki::CaFiles& files, Error error) {
    if (!credentials_folder_.empty() && error.reason.contains(credentials_folder_)) {
      error.reason +=
          " (a copy that systemd makes when the service starts: after a change, systemctl restart sallyportd)";
    }
    if (files.pkcs12.empty()) {
      blame({{"certificate", files.certificate}, {"key", files.key}, {"passphrase_file", files.passphrase_file}},
            error);
    } else {
      blame({{"pkcs12", files.pkcs12}, {"passphrase_file", files.passphrase_file}}, error);
    }
  }

  void blame(std::initializer_list<NamedFile> candidates, const Error& error) {
    problems_.push_back(problem_at(file_, "ca", candidates, error));
  }

  void load_credentials() {
    const std::string& path = loaded_->settings.explicit_proxy.credentials_file;
    if (!path.empty()) {
      loaded_->credentials = access::Credentials::load(credential_or(path, credentials_folder_), problems_);
    }
  }

  void load_trust_and_tickets() {
    // With a CA that cannot be used, the bundles are read for their mistakes alone.
    const config::Settings& settings = loaded_->settings;
    auto trust = loaded_->issuers != nullptr ? load_trust(settings, *loaded_->issuers)
                                             : pki::TrustStore::load(sources_of(settings), {});
    if (trust) {
      loaded_->trust = std::move(*trust);
    } else {
      const std::string& bundle = settings.upstream.outgoing_ca_bundle;
      const bool in_bundle = !bundle.empty() && trust.error().reason.contains(bundle);
      const std::string_view key = in_bundle ? "outgoing_ca_bundle" : "system_ca";
      problems_.push_back(problem_at(file_, "upstream", {{key, ""}}, trust.error()));
    }
    auto keys = tls::TicketKeys::generate();
    if (keys) {
      loaded_->ticket_keys = std::move(*keys);
    } else {
      problems_.push_back({file_.path, 0, keys.error().reason});
    }
  }

  const config::IniFile file_;
  const std::string& credentials_folder_;
  config::Problems& problems_;
  const std::shared_ptr<Configuration> loaded_ = std::make_shared<Configuration>();
};

}  // namespace

ConfigurationPtr load_configuration(const std::string& path, const std::string& credentials_folder,
                                    config::Problems& problems) {
  return Loader(path, credentials_folder, problems).load();
}

Result<ConfigurationPtr> with_fresh_trust(const Configuration& old) {
  auto trust = load_trust(old.settings, *old.issuers);
  if (!trust) return std::unexpected(trust.error());
  auto fresh = std::make_shared<Configuration>(old);
  fresh->trust = std::move(*trust);
  return fresh;
}

Result<ConfigurationPtr> with_fresh_ticket_keys(const Configuration& old) {
  auto keys = tls::TicketKeys::generate();
  if (!keys) return std::unexpected(keys.error());
  auto fresh = std::make_shared<Configuration>(old);
  fresh->ticket_keys = std::move(*keys);
  return fresh;
}

}  // namespace sallyport::gateway
