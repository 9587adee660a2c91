// PolicyRules: what a PolicySnapshot judges by. Filled by load_policy(), then never changed; any thread.
#pragma once

#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>

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

struct PolicyRules {
  std::vector<std::string> files;  // what Place::file counts in; the first is policy.ini itself
  ClientSet passthrough_clients;
  absl::flat_hash_map<std::string, RewriteRule, KeyHash, KeyEqual> rewrites;  // by key_of() their text
  NameSet blacklist;
  NameSet passthrough;
  NameSet whitelist;
  bool allow_by_default = true;
  Place default_place;

  [[nodiscard]] const RewriteRule* find_rewrite(std::string_view name) const {
    if (rewrites.empty()) return nullptr;
    const auto probe = [this](std::string_view key) -> const RewriteRule* {
      const auto found = rewrites.find(key);
      return found == rewrites.end() ? nullptr : &found->second;
    };
    if (const RewriteRule* exact = probe(name)) return exact;
    return find_wildcard(name, probe);
  }
};

}  // namespace sallyport::policy
