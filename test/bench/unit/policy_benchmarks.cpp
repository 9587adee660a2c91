#include <memory>
#include <stdexcept>
#include <string>

#include "sallyport/policy/load_policy.hpp"

#include "benchmark.hpp"
#include "temporary_folder.hpp"

namespace sallyport::bench {
namespace {

constexpr unsigned listed_names = 1'000'000;

std::string name_at(unsigned at) { return "n" + std::to_string(at) + ".listed.example"; }

std::shared_ptr<const policy::PolicySnapshot> policy_with_a_million_names() {
  const test::TemporaryFolder folder;
  std::string names;
  for (unsigned at = 0; at < listed_names; ++at) names += name_at(at) + '\n';
  folder.write("names.txt", names);
  config::Problems problems;
  auto snapshot = policy::load_policy(
      folder.write("policy.ini",
                   "[rewrite *.rewritten.example]\ntarget_ip = 10.0.0.1\n[blacklist]\nfile = names.txt\n"
                   "[passthrough]\ndomain = *.bank.example\nclient = 10.9.0.0/16\n"),
      problems);
  if (!snapshot) throw std::runtime_error("the policy does not load");
  return snapshot;
}

Work judging(const std::shared_ptr<const policy::PolicySnapshot>& policy, bool listed) {
  std::vector<std::string> names;
  for (unsigned at = 0; at < 1000; ++at) {
    names.push_back(listed ? name_at(at * 997) : "a.b.host" + std::to_string(at) + ".elsewhere.example");
  }
  return [policy, names, client = *IpAddress::parse("10.1.0.7")](unsigned count) {
    for (unsigned at = 0; at < count; ++at) use(policy->judge(names[at % names.size()], client));
  };
}

}  // namespace

std::vector<Benchmark> policy_benchmarks() {
  const auto policy = std::make_shared<std::shared_ptr<const policy::PolicySnapshot>>();
  const auto loaded = [policy] {
    if (!*policy) *policy = policy_with_a_million_names();
    return *policy;
  };
  return {{"judge.listed", 20'000, [loaded] { return judging(loaded(), true); }},
          {"judge.unlisted", 20'000, [loaded] { return judging(loaded(), false); }}};
}

}  // namespace sallyport::bench
