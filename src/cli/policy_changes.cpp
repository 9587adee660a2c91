#include "policy_changes.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sallyport/http/authority.hpp"

namespace sallyport::cli {
namespace {

// The value of a key of text in a log line, as it is written there. Within a string the quotes would be escaped, so
// what looks like a key is one.
std::string_view raw_text(std::string_view line, std::string_view key) {
  const std::size_t found = line.find(key);
  if (found == std::string_view::npos) return {};
  const std::string_view value = line.substr(found + key.size());
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] == '"') return value.substr(0, at);
    if (value[at] == '\\') ++at;
  }
  return {};
}

std::string decoded(std::string_view raw) {
  const nlohmann::json value = nlohmann::json::parse("\"" + std::string(raw) + "\"", nullptr, false);
  return value.is_string() ? value.get<std::string>() : std::string(raw);
}

// Without its port.
std::string_view address_in(std::string_view client) {
  client = client.substr(0, client.rfind(':'));
  if (client.starts_with('[') && client.ends_with(']')) client = client.substr(1, client.size() - 2);
  return client;
}

bool is_of_setting(std::string_view rule) { return rule.starts_with("pinning ") || rule.starts_with("upstream "); }

}  // namespace

std::optional<policy::Verdict> PolicyChanges::of_client(std::string_view address) {
  const auto [known, first] = clients_.try_emplace(std::string(address));
  if (first) {
    const std::optional<IpAddress> client = IpAddress::parse(address);
    if (client) known->second = policy_.ask(policy::Stage::passthrough_client, {}, &*client);
  }
  return known->second;
}

policy::Verdict PolicyChanges::judge(const std::string& name, Besides besides) const {
  if (besides == Besides::unproved && policy_.proof() == policy::Proof::probe) return policy_.judge_opened(name);
  for (const policy::Stage stage : policy::stages) {
    if (const std::optional<policy::Verdict> verdict = policy_.ask(stage, name, nullptr)) return *verdict;
  }
  return policy_.judge_opened(name);
}

PolicyChanges::Name& PolicyChanges::named(std::string_view host) {
  const auto [known, first] = hosts_.try_emplace(std::string(host));
  if (first) {
    const Result<http::Authority> authority = http::Authority::parse(host);
    const std::string name = authority ? authority->host : std::string(host);
    known->second = &names_.try_emplace(name, Name{.name = name}).first->second;
  }
  return *known->second;
}

void PolicyChanges::add(const record::JudgedRow& row) {
  ++examined_;
  if (row.verdict.empty() || row.host.empty()) {
    ++not_judged_;
    return;
  }
  const std::string_view rule_was = raw_text(row.line, R"("rule":")");
  Besides besides = Besides::nothing;
  if (row.verdict == policy::text_of(policy::VerdictName::passed_through) && is_of_setting(rule_was)) {
    besides = Besides::learnt;
  } else if (row.line.find(R"("proof":")") != std::string_view::npos) {
    besides = Besides::unproved;
  }
  Name& name = named(row.host);
  const std::string_view address = address_in(row.client);
  std::optional<policy::Verdict> verdict = of_client(address);
  if (!verdict) {
    const auto known = name.verdicts.find(besides);
    verdict = known != name.verdicts.end() ? known->second
                                           : name.verdicts.emplace(besides, judge(name.name, besides)).first->second;
  }
  // What was learnt stays where no rule rewrites or refuses the name, or forbids learning it.
  const bool stays_learnt = besides == Besides::learnt && verdict->action == policy::Action::intercept &&
                            verdict->rewrite == nullptr && !policy_.never_learns(name.name);
  const std::string_view would_be = policy::text_of(verdict->name);
  if (stays_learnt || would_be == row.verdict) return;
  ++changed_;
  const std::string key = std::string(row.verdict).append("\n").append(rule_was);
  // A rule's text stays where it is as long as the policy.
  Group& group = name.changes[{key, verdict->name, verdict->rule.text.data()}];
  if (group.change.exchanges == 0) {
    group.change = {.name = name.name,
                    .verdict_was = std::string(row.verdict),
                    .rule_was = decoded(rule_was),
                    .verdict = std::string(would_be),
                    .rule = verdict->rule.name(),
                    .place = verdict->rule.line == 0 ? std::string() : verdict->rule.place(),
                    .last_seen = std::string(raw_text(row.line, R"("time":")"))};
  }
  ++group.change.exchanges;
  group.clients.emplace(address);
}

std::vector<PolicyChange> PolicyChanges::most_first() const {
  std::vector<PolicyChange> all;
  for (const auto& [host, name] : names_) {
    for (const auto& [key, group] : name.changes) {
      all.push_back(group.change);
      all.back().clients = group.clients.size();
    }
  }
  std::ranges::sort(all, [](const PolicyChange& one, const PolicyChange& other) {
    if (one.exchanges != other.exchanges) return one.exchanges > other.exchanges;
    return std::tie(one.name, one.verdict_was, one.verdict) < std::tie(other.name, other.verdict_was, other.verdict);
  });
  return all;
}

}  // namespace sallyport::cli
