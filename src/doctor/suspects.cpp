#include "suspects.hpp"

#include <algorithm>
#include <charconv>

#include "sallyport/base/text.hpp"
#include "sallyport/doctor/gather.hpp"

namespace sallyport::doctor {
namespace {

// How often the reverse-path filter has dropped, of /proc/net/netstat: a line of names, then one of values.
long long reverse_path_drops(const Context& context) {
  const std::optional<std::string> text = context.system_file("/proc/net/netstat");
  if (!text) return 0;
  const std::vector<std::string_view> lines = split(*text, '\n');
  for (std::size_t at = 0; at + 1 < lines.size(); at += 2) {
    const std::vector<std::string_view> names = split(lines[at], ' ');
    const std::vector<std::string_view> values = split(lines[at + 1], ' ');
    const auto found = std::ranges::find(names, "IPReversePathFilter");
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (found == names.end() || index >= values.size()) continue;
    long long number = 0;
    std::from_chars(values[index].data(), values[index].data() + values[index].size(), number);
    return number;
  }
  return 0;
}

const FirewallRule* same_rule(const FirewallRules& rules, const FirewallRule& wanted) {
  const auto found = std::ranges::find_if(rules.all(), [&](const FirewallRule& one) {
    return one.table == wanted.table && one.chain == wanted.chain && one.text == wanted.text;
  });
  return found == rules.all().end() ? nullptr : &*found;
}

}  // namespace

Suspects::Suspects(const Context& context, const Family& family)
    : context_(context), family_(family), reverse_path_(reverse_path_drops(context)) {
  if (Result<FirewallRules> rules = read_firewall(family_.save())) rules_ = std::move(*rules);
}

Suspects::Suspect Suspects::name_one() const {
  const Result<FirewallRules> now = read_firewall(family_.save());
  if (now && rules_) {
    for (const FirewallRule& rule : now->all()) {
      const FirewallRule* const before = same_rule(*rules_, rule);
      if (!rule.refuses() || before == nullptr || rule.packets <= before->packets) continue;
      return {
          "the rule " + printable(rule.text) + " in " + rule.chain + " of " + rule.table + " took packets meanwhile",
          std::string(family_.tables) + " -t " + rule.table + " -D " + rule.chain + " " + rule.text};
    }
    for (const FirewallChain& chain : now->chains()) {
      const FirewallChain* const before = rules_->chain(chain.table, chain.name);
      if (chain.policy != "DROP" || before == nullptr || chain.packets <= before->packets) continue;
      return {"the policy DROP of " + chain.name + " of " + chain.table + " took packets meanwhile",
              context_.put_rules_up()};
    }
  }
  // The kernel has such a filter for IPv4 alone.
  if (family_.is_v4() && reverse_path_drops(context_) > reverse_path_) {
    return {"the kernel's reverse-path filter dropped packets meanwhile", "sysctl -w net.ipv4.conf.all.rp_filter=2"};
  }
  return {};
}

}  // namespace sallyport::doctor
