// PolicyRules: what a PolicySnapshot judges by. Filled by load_policy(), then never changed; any thread.
#pragma once

#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "sallyport/policy/client_certificate.hpp"
#include "sallyport/policy/policy_snapshot.hpp"
#include "sallyport/policy/verdict.hpp"

#include "client_set.hpp"
#include "key_hash.hpp"
#include "name_set.hpp"
#include "place.hpp"

namespace sallyport::policy {

struct RewriteRule {
  std::string text;
  Place place;
  Rewrite rewrite;
};

struct ClientCertificateRule {
  std::string text;
  Place place;
  std::size_t number = 0;  // in PolicyRules::client_certificates
};

// Sections that are each for one pattern, [rewrite …] and the like, by what they match.
template <typename Rule>
class PatternRules {
 public:
  // The rule for the same pattern that is there already, if any; then `rule` is not added.
  const Rule* add(Rule rule) {
    depths_.add(rule.text);
    std::string key(key_of(rule.text));
    const auto [there, added] = rules_.try_emplace(std::move(key), std::move(rule));
    return added ? nullptr : &there->second;
  }

  // As NameSet::find(); null where no rule matches.
  [[nodiscard]] const Rule* find(std::string_view name) const {
    return find_most_specific(name, depths_, [this](std::string_view key) -> const Rule* {
      const auto found = rules_.find(key);
      return found == rules_.end() ? nullptr : &found->second;
    });
  }

  [[nodiscard]] bool empty() const { return rules_.empty(); }

 private:
  KeyDepths depths_;
  absl::flat_hash_map<std::string, Rule, KeyHash, KeyEqual> rules_;
};

struct PolicyRules {
  std::vector<std::string> files;  // what Place::file counts in; the first is policy.ini itself
  ClientSet passthrough_clients;
  PatternRules<RewriteRule> rewrites;
  NameSet blacklist;
  NameSet passthrough;
  NameSet whitelist;
  NameSet never_learn;
  NameSet never_record;
  PatternRules<ClientCertificateRule> client_certificate_rules;
  std::vector<ClientCertificate> client_certificates;
  Proof proof = Proof::probe;
  bool allow_by_default = true;
  Place default_place;
};

}  // namespace sallyport::policy
