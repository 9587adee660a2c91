#include "sallyport/policy/load_policy.hpp"

#include <algorithm>
#include <limits>
#include <span>

#include "sallyport/base/text.hpp"
#include "sallyport/config/ini.hpp"
#include "sallyport/config/line_reader.hpp"
#include "sallyport/config/suggestion.hpp"

#include "header_rule.hpp"
#include "list_file.hpp"
#include "policy_rules.hpp"

namespace sallyport::policy {
namespace {

using config::IniEntry;
using config::IniFile;
using config::IniSection;
using config::Problems;

constexpr std::string_view section_names[] = {"default",     "rewrite",     "blacklist",    "whitelist",
                                              "passthrough", "never-learn", "never-record", "client-certificate"};

// Fills PolicyRules section by section and notes what is wrong.
class Loader {
 public:
  explicit Loader(IniFile file) : file_(std::move(file)), problems_(std::move(file_.problems)) {
    rules_->files.push_back(file_.path);
  }

  void load() {
    for (const IniSection& section : file_.sections) load_section(section);
    config::sort_by_line(problems_);
    problems_.insert(problems_.end(), list_problems_.begin(), list_problems_.end());
  }

  [[nodiscard]] const Problems& problems() const { return problems_; }
  [[nodiscard]] std::unique_ptr<const PolicyRules> take_rules() { return std::move(rules_); }

 private:
  void load_section(const IniSection& section) {
    if (section.name == "default") return load_default(section);
    if (section.name == "blacklist") return load_names(section, rules_->blacklist);
    if (section.name == "whitelist") return load_names(section, rules_->whitelist);
    if (section.name == "passthrough") return load_names(section, rules_->passthrough);
    if (section.name == "never-learn") return load_names(section, rules_->never_learn);
    if (section.name == "never-record") return load_names(section, rules_->never_record);
    const std::string_view word = std::string_view(section.name).substr(0, section.name.find_first_of(" \t"));
    if (word == "rewrite") return load_rewrite(section, trim(section.name.substr(word.size())));
    if (word == "client-certificate") return load_client_certificate(section, trim(section.name.substr(word.size())));
    add_problem(section.line, "unknown section [" + section.name + "]" + config::did_you_mean(word, section_names));
  }

  void load_default(const IniSection& section) {
    static constexpr std::string_view keys[] = {"action"};
    for (const IniEntry& entry : section.entries) {
      if (!is_known(section, entry, keys) || !is_first(entry, rules_->default_place.line)) continue;
      rules_->default_place = place_of(entry);
      rules_->allow_by_default = entry.value == "allow";
      if (entry.value == "allow" || entry.value == "block") continue;
      add_problem(entry.line, "action: expected allow or block, found '" + entry.value + "'");
    }
  }

  void load_names(const IniSection& section, NameSet& names) {
    static constexpr std::string_view keys[] = {"domain", "file", "client", "proof"};
    const bool of_passthrough = section.name == "passthrough";
    for (const IniEntry& entry : section.entries) {
      if (!is_known(section, entry, std::span(keys).first(of_passthrough ? 4 : 2))) continue;
      if (entry.key == "proof") {
        set_proof(entry);
        continue;
      }
      if (entry.key == "file") {
        load_list(entry, names);
        continue;
      }
      for (const std::string& piece : pieces_of(entry)) {
        const Result<void> outcome =
            entry.key == "client" ? add_client(piece, entry) : names.add_typed(piece, place_of(entry));
        if (!outcome) add_problem(entry.line, entry.key + ": " + outcome.error().reason);
      }
    }
  }

  void set_proof(const IniEntry& entry) {
    if (!is_first(entry, std::exchange(proof_line_, proof_line_ == 0 ? entry.line : proof_line_))) return;
    rules_->proof = entry.value == "none" ? Proof::none : Proof::probe;
    if (entry.value == "probe" || entry.value == "none") return;
    add_problem(entry.line, "proof: expected probe or none, found '" + entry.value + "'");
  }

  Result<void> add_client(std::string_view text, const IniEntry& entry) {
    const std::optional<Prefix> prefix = Prefix::parse(text);
    if (!prefix) return fail(ErrorKind::config, "expected an address or a prefix, found '" + std::string(text) + "'");
    rules_->passthrough_clients.add(*prefix, place_of(entry));
    return {};
  }

  void load_list(const IniEntry& entry, NameSet& names) {
    if (entry.value.empty()) return;
    if (rules_->files.size() > std::numeric_limits<std::uint16_t>::max()) {
      add_problem(entry.line, "file: more list files than fit");
      return;
    }
    const std::string path = config::resolve_path(file_.path, entry.value);
    const auto number = static_cast<std::uint16_t>(rules_->files.size());
    rules_->files.push_back(path);
    // Said where the file is named: a file that is missing has no line to point at.
    Result<std::ifstream> stream = config::open_text(path);
    if (!stream) {
      add_problem(entry.line, "file: " + path + " " + stream.error().reason);
      return;
    }
    read_list(*stream, path, number, names, list_problems_);
  }

  void load_rewrite(const IniSection& section, std::string_view name) {
    const Result<NamePattern> pattern = parse_pattern(name);
    if (!pattern) {
      const std::string reason = name.empty() ? "needs a name, as in [rewrite api.example]" : pattern.error().reason;
      add_problem(section.line, "[rewrite]: " + reason);
    }
    RewriteRule rule{{}, {0, section.line}, {}};
    load_rewrite_entries(section, rule.rewrite);
    if (!pattern) return;
    add_rewrite(pattern->text, rule);
    if (pattern->and_apex) add_rewrite(pattern->text.substr(2), rule);
  }

  void load_rewrite_entries(const IniSection& section, Rewrite& rewrite) {
    static constexpr std::string_view keys[] = {"target_ip", "header"};
    std::uint32_t target_line = 0;
    for (const IniEntry& entry : section.entries) {
      if (!is_known(section, entry, keys)) continue;
      Result<void> outcome;
      if (entry.key == "header") {
        outcome = add_header(entry, rewrite);
      } else if (is_first(entry, target_line)) {
        target_line = entry.line;
        outcome = set_target(entry, rewrite);
      }
      if (!outcome) add_problem(entry.line, entry.key + ": " + outcome.error().reason);
    }
    if (target_line == 0) add_problem(section.line, "[" + section.name + "] has no target_ip");
  }

  static Result<void> add_header(const IniEntry& entry, Rewrite& rewrite) {
    Result<HeaderField> field = parse_header(entry.value);
    if (!field) return std::unexpected(field.error());
    rewrite.headers.push_back(std::move(*field));
    return {};
  }

  static Result<void> set_target(const IniEntry& entry, Rewrite& rewrite) {
    if (const std::optional<IpAddress> address = IpAddress::parse(entry.value)) {
      rewrite.target = *address;
    } else if (const std::optional<Endpoint> endpoint = Endpoint::parse(entry.value); endpoint && endpoint->port != 0) {
      rewrite.target = endpoint->address;
      rewrite.port = endpoint->port;
    } else {
      return fail(ErrorKind::config, "expected an address, perhaps with a port, found '" + entry.value + "'");
    }
    if (rewrite.target.is_unspecified() || rewrite.target.is_multicast()) {
      return fail(ErrorKind::config, rewrite.target.to_string() + " is no address a host can have");
    }
    return {};
  }

  void add_rewrite(const std::string& text, RewriteRule rule) {
    rule.text = text;
    const std::uint32_t line = rule.place.line;
    const RewriteRule* const earlier = rules_->rewrites.add(std::move(rule));
    if (earlier == nullptr) return;
    add_problem(line, "[rewrite " + text + "] stands on line " + std::to_string(earlier->place.line) + " already");
  }

  void load_client_certificate(const IniSection& section, std::string_view name) {
    static constexpr std::string_view keys[] = {"certificate", "key"};
    const Result<NamePattern> pattern = parse_pattern(name);
    if (!pattern) {
      const std::string reason =
          name.empty() ? "needs a name, as in [client-certificate api.example]" : pattern.error().reason;
      add_problem(section.line, "[client-certificate]: " + reason);
    }
    ClientCertificate certificate{.file = file_.path, .line = section.line};
    for (const IniEntry& entry : section.entries) {
      if (!is_known(section, entry, keys)) continue;
      const bool is_key = entry.key == "key";
      std::uint32_t& line = is_key ? certificate.key_line : certificate.certificate_line;
      if (!is_first(entry, line)) continue;
      line = entry.line;
      (is_key ? certificate.key : certificate.certificate) = config::resolve_path(file_.path, entry.value);
      if (entry.value.empty()) add_problem(entry.line, entry.key + ": is empty");
    }
    if (certificate.certificate_line == 0) add_problem(section.line, "[" + section.name + "] has no certificate");
    if (certificate.key_line == 0) add_problem(section.line, "[" + section.name + "] has no key");
    if (!pattern) return;
    certificate.name = pattern->text;
    rules_->client_certificates.push_back(std::move(certificate));
    add_client_certificate(pattern->text, section.line);
    if (pattern->and_apex) add_client_certificate(pattern->text.substr(2), section.line);
  }

  void add_client_certificate(const std::string& text, std::uint32_t line) {
    const std::size_t number = rules_->client_certificates.size() - 1;
    const ClientCertificateRule* const earlier = rules_->client_certificate_rules.add({text, {0, line}, number});
    if (earlier == nullptr) return;
    add_problem(line,
                "[client-certificate " + text + "] stands on line " + std::to_string(earlier->place.line) + " already");
  }

  bool is_known(const IniSection& section, const IniEntry& entry, std::span<const std::string_view> keys) {
    if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) return true;
    add_problem(entry.line,
                "unknown key '" + entry.key + "' in [" + section.name + "]" + config::did_you_mean(entry.key, keys));
    return false;
  }

  bool is_first(const IniEntry& entry, std::uint32_t first_line) {
    if (first_line == 0) return true;
    add_problem(entry.line, entry.key + ": takes one value and has one on line " + std::to_string(first_line));
    return false;
  }

  static Place place_of(const IniEntry& entry) { return {0, entry.line}; }
  void add_problem(std::uint32_t line, std::string reason) {
    problems_.push_back({file_.path, line, std::move(reason)});
  }

  IniFile file_;
  std::uint32_t proof_line_ = 0;
  Problems problems_;
  Problems list_problems_;  // told after those of policy.ini
  std::unique_ptr<PolicyRules> rules_ = std::make_unique<PolicyRules>();
};

}  // namespace

std::shared_ptr<const PolicySnapshot> policy_from(IniFile file, Problems& problems) {
  Loader loader(std::move(file));
  loader.load();
  problems.insert(problems.end(), loader.problems().begin(), loader.problems().end());
  if (!loader.problems().empty()) return nullptr;
  return std::make_shared<const PolicySnapshot>(loader.take_rules());
}

std::shared_ptr<const PolicySnapshot> load_policy(const std::string& path, Problems& problems) {
  return policy_from(config::read_ini(path), problems);
}

}  // namespace sallyport::policy
