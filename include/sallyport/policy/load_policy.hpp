// Reads policy.ini and the list files it names. May take a second for a list of a million names: never on a
// worker's thread, except at start. Any other thread.
#pragma once

#include <memory>
#include <string>

#include "sallyport/config/ini.hpp"
#include "sallyport/config/problem.hpp"
#include "sallyport/policy/policy_snapshot.hpp"

namespace sallyport::policy {

// Reads `path` and its lists; relative list files start at the folder of `path`. Adds every mistake to
// `problems` (at most 20 a list file, the rest counted) and gives null when there was any.
[[nodiscard]] std::shared_ptr<const PolicySnapshot> load_policy(const std::string& path, config::Problems& problems);

// The same for a policy.ini already read.
[[nodiscard]] std::shared_ptr<const PolicySnapshot> policy_from(config::IniFile file, config::Problems& problems);

}  // namespace sallyport::policy
