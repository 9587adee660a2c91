// PolicySnapshot: the whole of policy.ini and its lists, immutable, judging names.
//
// Made by load_policy() and shared as shared_ptr<const PolicySnapshot>: every thread may judge at the same
// time, and a reload swaps the pointer while connections finish with the snapshot they hold.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/policy/verdict.hpp"

namespace sallyport::policy {

// What is asked, in this order; the first stage with a matching rule decides.
enum class Stage { passthrough_client, rewrite, blacklist, passthrough_name, whitelist, fallback };
inline constexpr std::array stages = {Stage::passthrough_client, Stage::rewrite,   Stage::blacklist,
                                      Stage::passthrough_name,   Stage::whitelist, Stage::fallback};

struct PolicyRules;  // src/policy/policy_rules.hpp

class PolicySnapshot {
 public:
  explicit PolicySnapshot(std::unique_ptr<const PolicyRules> rules);
  ~PolicySnapshot();
  PolicySnapshot(const PolicySnapshot&) = delete;
  PolicySnapshot& operator=(const PolicySnapshot&) = delete;

  // Judges `name`, a canonical domain name (canonical_domain_name()) or an address as IpAddress::to_string()
  // writes it, for the client at `client`. In each stage the exact name is asked before wildcards, and the
  // longest wildcard before shorter ones. Allocates nothing.
  [[nodiscard]] Verdict judge(std::string_view name, const IpAddress& client) const;

  // What one stage alone would say, whatever the others say; always something for Stage::fallback.
  [[nodiscard]] std::optional<Verdict> ask(Stage stage, std::string_view name, const IpAddress* client) const;

  // Larger for every snapshot made in this process: caches of verdicts compare it.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  [[nodiscard]] const PolicyRules& rules() const { return *rules_; }

 private:
  std::unique_ptr<const PolicyRules> rules_;
  std::uint64_t generation_;
};

}  // namespace sallyport::policy
