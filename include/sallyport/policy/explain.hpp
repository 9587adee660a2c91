// Why policy says what it says of a name: each stage in order, the rule that matched there and its place.
// Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/policy/policy_snapshot.hpp"

namespace sallyport::policy {

struct Step {
  Stage stage;
  bool decided = false;         // the first stage that matched
  std::optional<Verdict> says;  // nothing matched there; or, after the deciding one, what it would have said
};

struct Explanation {
  std::string name;  // canonical
  std::vector<Step> steps;
  Verdict verdict;
};

// Judges `typed` (canonical_name() is applied) for `client`; without a client, rules about clients are left out.
// Views in the answer point into `snapshot`, which must outlive it.
[[nodiscard]] Result<Explanation> explain(const PolicySnapshot& snapshot, std::string_view typed,
                                          const IpAddress* client);

// "passthrough client", "rewrite", …: a stage's name for people.
[[nodiscard]] std::string_view title_of(Stage stage);
// What happens to a request with this verdict, in words.
[[nodiscard]] std::string outcome_of(const Verdict& verdict);
// The answer for people, a line a step and a last one with the outcome; ends in a newline.
[[nodiscard]] std::string to_text(const Explanation& explanation);

}  // namespace sallyport::policy
