#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <random>
#include <vector>

#include <nlohmann/json.hpp>

#include "sallyport/policy/load_policy.hpp"

#include "works.hpp"

namespace sallyport::bench {
namespace {

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

Result<void> measure_policy(const std::string& policy_file, const std::string& pattern, std::uint64_t listed,
                            std::uint64_t judgements) {
  config::Problems problems;
  double began = thread_seconds();
  const std::shared_ptr<const policy::PolicySnapshot> policy = policy::load_policy(policy_file, problems);
  const double loaded = thread_seconds() - began;
  if (!policy) {
    return fail(ErrorKind::config, problems.empty() ? "no policy" : problems[0].file + ": " + problems[0].reason);
  }
  // Every other one is not in the list; in no order that a cache could follow.
  std::mt19937_64 random(1);
  std::vector<std::string> names;
  for (std::uint64_t count = 0; count < judgements; ++count) {
    names.push_back(name_number(pattern, random() % (2 * listed)));
  }
  const IpAddress client = *IpAddress::parse("10.1.0.2");
  std::uint64_t blocked = 0;
  began = thread_seconds();
  for (const std::string& name : names) {
    if (policy->judge(name, client).action == policy::Action::refuse) ++blocked;
  }
  const double judged = thread_seconds() - began;
  std::cout << nlohmann::json{{"load_s", loaded},
                              {"judge_ns", judged / static_cast<double>(judgements) * 1e9},
                              {"judgements", judgements},
                              {"blocked", blocked}}
            << '\n';
  return {};
}

}  // namespace sallyport::bench
