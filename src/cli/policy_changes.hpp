// PolicyChanges: which of the exchanges that took place another policy would judge otherwise.
//
// One thread. The policy outlives it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sallyport/policy/policy_snapshot.hpp"
#include "sallyport/record/history_reader.hpp"

namespace sallyport::cli {

// What one change would do, and to how much.
struct PolicyChange {
  std::string name;
  std::string verdict_was;
  std::string rule_was;
  std::string verdict;  // as it would be
  std::string rule;
  std::string place;  // of the rule
  std::uint64_t exchanges = 0;
  std::uint64_t clients = 0;
  std::string last_seen;
};

class PolicyChanges {
 public:
  explicit PolicyChanges(const policy::PolicySnapshot& policy) : policy_(policy) {}

  // An exchange, or a connection that was not opened. The newest first. A name is judged once, however often it comes.
  void add(const record::JudgedRow& row);

  [[nodiscard]] std::uint64_t examined() const { return examined_; }
  // Those that ended before they were judged; nobody knows what they would have been.
  [[nodiscard]] std::uint64_t not_judged() const { return not_judged_; }
  [[nodiscard]] std::uint64_t changed() const { return changed_; }
  // What concerns the most exchanges first.
  [[nodiscard]] std::vector<PolicyChange> most_first() const;

 private:
  // What decided besides the policy file, as far as the record tells.
  enum class Besides {
    nothing,
    unproved,  // a passthrough that did not count, for its origin had not proved the name
    learnt,    // opened by no rule, and passed through for what was seen of its client or its origin
  };
  struct Group {
    PolicyChange change;
    std::unordered_set<std::string> clients;
  };
  // By the rule that was and the one that would be.
  struct Name {
    std::string name;  // canonical
    std::map<Besides, policy::Verdict> verdicts;
    std::map<std::tuple<std::string, policy::VerdictName, const char*>, Group> changes;
  };

  [[nodiscard]] std::optional<policy::Verdict> of_client(std::string_view address);
  [[nodiscard]] policy::Verdict judge(const std::string& name, Besides besides) const;
  Name& named(std::string_view host);

  const policy::PolicySnapshot& policy_;
  std::unordered_map<std::string, Name> names_;
  std::unordered_map<std::string, Name*> hosts_;  // the name that a recorded host stands for
  std::unordered_map<std::string, std::optional<policy::Verdict>> clients_;
  std::uint64_t examined_ = 0;
  std::uint64_t not_judged_ = 0;
  std::uint64_t changed_ = 0;
};

}  // namespace sallyport::cli
