#include "sallyport/policy/policy_snapshot.hpp"

#include <atomic>

#include "policy_rules.hpp"

namespace sallyport::policy {
namespace {

std::uint64_t next_generation() {
  static std::atomic<std::uint64_t> generations = 0;
  return ++generations;
}

Rule make_rule(const PolicyRules& rules, std::string_view section, std::string_view text, Place place) {
  return {section, text, rules.files[place.file], place.line};
}

template <typename Entry>
std::optional<Verdict> verdict_of(const PolicyRules& rules, const std::optional<Entry>& entry, VerdictName name,
                                  Action action, std::string_view section) {
  if (!entry) return std::nullopt;
  return Verdict{name, action, make_rule(rules, section, entry->text, entry->place), nullptr};
}

std::optional<Verdict> ask_rewrites(const PolicyRules& rules, std::string_view name) {
  const RewriteRule* const found = rules.rewrites.find(name);
  if (found == nullptr) return std::nullopt;
  return Verdict{VerdictName::rewritten, Action::intercept, make_rule(rules, "rewrite", found->text, found->place),
                 &found->rewrite};
}

Verdict ask_default(const PolicyRules& rules) {
  const bool allow = rules.allow_by_default;
  return {allow ? VerdictName::allowed_by_default : VerdictName::blocked, allow ? Action::intercept : Action::refuse,
          make_rule(rules, "default", allow ? "allow" : "block", rules.default_place), nullptr};
}

}  // namespace

PolicySnapshot::PolicySnapshot(std::unique_ptr<const PolicyRules> rules)
    : rules_(std::move(rules)), generation_(next_generation()) {}

PolicySnapshot::~PolicySnapshot() = default;

std::optional<Verdict> PolicySnapshot::ask(Stage stage, std::string_view name, const IpAddress* client) const {
  using enum VerdictName;
  const PolicyRules& rules = *rules_;
  switch (stage) {
    case Stage::passthrough_client:
      if (client == nullptr) return std::nullopt;
      return verdict_of(rules, rules.passthrough_clients.find(*client), passed_through, Action::passthrough,
                        "passthrough");
    case Stage::rewrite:
      return ask_rewrites(rules, name);
    case Stage::blacklist:
      return verdict_of(rules, rules.blacklist.find(name), black_listed, Action::refuse, "blacklist");
    case Stage::passthrough_name:
      return verdict_of(rules, rules.passthrough.find(name), passed_through, Action::passthrough, "passthrough");
    case Stage::whitelist:
      return verdict_of(rules, rules.whitelist.find(name), white_listed, Action::intercept, "whitelist");
    case Stage::fallback:
      break;
  }
  return ask_default(rules);
}

Verdict PolicySnapshot::judge(std::string_view name, const IpAddress& client) const {
  for (const Stage stage : stages) {
    if (const std::optional<Verdict> verdict = ask(stage, name, &client)) return *verdict;
  }
  return ask_default(*rules_);
}

Verdict PolicySnapshot::judge_opened(std::string_view name) const {
  for (const Stage stage : {Stage::rewrite, Stage::blacklist, Stage::whitelist}) {
    if (const std::optional<Verdict> verdict = ask(stage, name, nullptr)) return *verdict;
  }
  return ask_default(*rules_);
}

Proof PolicySnapshot::proof() const { return rules_->proof; }

bool PolicySnapshot::never_learns(std::string_view name) const { return rules_->never_learn.find(name).has_value(); }

bool PolicySnapshot::never_records(std::string_view name) const { return rules_->never_record.find(name).has_value(); }

std::optional<std::size_t> PolicySnapshot::client_certificate_of(std::string_view name) const {
  const ClientCertificateRule* const rule = rules_->client_certificate_rules.find(name);
  if (rule == nullptr) return std::nullopt;
  return rule->number;
}

const std::vector<ClientCertificate>& PolicySnapshot::client_certificates() const {
  return rules_->client_certificates;
}

}  // namespace sallyport::policy
