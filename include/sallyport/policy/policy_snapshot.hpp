// PolicySnapshot: the whole of policy.ini and its lists, immutable, judging names.
//
// Made by load_policy() and shared as shared_ptr<const PolicySnapshot>: every thread may judge at the same
// time, and a reload swaps the pointer while connections finish with the snapshot they hold.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/policy/client_certificate.hpp"
#include "sallyport/policy/verdict.hpp"

namespace sallyport::policy {

// What is asked, in this order; the first stage with a matching rule decides.
enum class Stage { passthrough_client, rewrite, blacklist, passthrough_name, whitelist, fallback };
inline constexpr std::array stages = {Stage::passthrough_client, Stage::rewrite,   Stage::blacklist,
                                      Stage::passthrough_name,   Stage::whitelist, Stage::fallback};

// What a name has to show before it is passed through.
enum class Proof {
  probe,  // the origin at the dialled address has proved the name with its own certificate
  none,   // the client's word is enough
};

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

  // The same without the rules that pass names or clients through: for a name that its origin has not proved.
  [[nodiscard]] Verdict judge_opened(std::string_view name) const;

  [[nodiscard]] Proof proof() const;
  // Whether [never-learn] holds the name: clients that refuse our leaves for it earn no passthrough.
  [[nodiscard]] bool never_learns(std::string_view name) const;
  // Whether [never-record] holds the name: what is said with it leaves no trace but a line without paths.
  [[nodiscard]] bool never_records(std::string_view name) const;
  // The number, in client_certificates(), of what is shown to origins of this name; nullopt: nothing was configured.
  [[nodiscard]] std::optional<std::size_t> client_certificate_of(std::string_view name) const;
  [[nodiscard]] const std::vector<ClientCertificate>& client_certificates() const;

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
