// Rules that cannot do what they seem to say, because an earlier stage decides first. Any thread; takes about
// a second for lists of a million names, so it belongs to `--check`.
#pragma once

#include "sallyport/config/problem.hpp"
#include "sallyport/policy/policy_snapshot.hpp"

namespace sallyport::policy {

// Warnings, at most 100, the rest counted in a last one: rules wholly covered by a rule of an earlier stage, and
// blacklisted names below a passed-through wildcard. They do not keep a policy from being used.
[[nodiscard]] config::Problems overlaps(const PolicySnapshot& snapshot);

}  // namespace sallyport::policy
