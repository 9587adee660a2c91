// Rules of others that stand in the way of what we steer, or of what clients send besides.
#include <algorithm>
#include <array>

#include "sallyport/base/text.hpp"

#include "checks_declared.hpp"

namespace sallyport::doctor {
namespace {

// Everything that may see a steered packet, in the order in which it comes there.
struct Hook {
  const char* table;
  const char* chain;
};
constexpr std::array hooks = {Hook{"raw", "PREROUTING"}, Hook{"mangle", "PREROUTING"}, Hook{"mangle", "INPUT"},
                              Hook{"filter", "INPUT"}};

std::string delete_of(const char* program, const FirewallRule& rule) {
  return std::string(program) + " -t " + rule.table + " -D " + rule.chain + " " + rule.text;
}

// Put up anew, our rules stand first again.
bool we_are_in(const FirewallRules& rules, const Hook& hook) {
  return std::ranges::any_of(rules.of_chain(hook.table, hook.chain),
                             [](const FirewallRule* rule) { return is_ours(rule->target()); });
}

// Those before ours: ours accepts what is steered, so that nothing behind it is asked.
void look_before_ours(const Context& context, const FirewallRules& rules, const char* program, Findings& findings) {
  const std::vector<std::string>& lans = context.settings.gateway.lan_interfaces;
  for (const Hook& hook : hooks) {
    for (const FirewallRule* rule : rules.of_chain(hook.table, hook.chain)) {
      if (is_ours(rule->target())) break;
      if (!rule->refuses() || !rule->may_mean_tcp_from(lans)) continue;
      findings.push_back(
          {"firewall", Severity::failure,
           std::string("before ours, ") + hook.chain + " of " + hook.table + " has the rule " + printable(rule->text),
           we_are_in(rules, hook) ? context.put_rules_up() : delete_of(program, *rule), ""});
    }
  }
}

// Whether some rule lets new connections from a LAN through, directly or in a chain of its own.
bool lets_through(const FirewallRules& rules, const std::string& chain, const std::vector<std::string>& lans,
                  int depth) {
  constexpr int deepest = 8;
  for (const FirewallRule* rule : rules.of_chain("filter", chain)) {
    if (is_ours(rule->target()) || !rule->may_mean_tcp_from(lans)) continue;
    if (rule->target() == "ACCEPT") return true;
    if (depth < deepest && rules.chain("filter", rule->target()) != nullptr &&
        lets_through(rules, std::string(rule->target()), lans, depth + 1)) {
      return true;
    }
  }
  return false;
}

void look_at_forward(const Context& context, const FirewallRules& rules, const char* program, const char* family,
                     Findings& findings) {
  const std::vector<std::string>& lans = context.settings.gateway.lan_interfaces;
  const FirewallChain* const forward = rules.chain("filter", "FORWARD");
  if (forward == nullptr || forward->policy != "DROP" || lets_through(rules, "FORWARD", lans, 0)) return;
  findings.push_back(
      {"firewall", Severity::warning,
       std::string("FORWARD drops all ") + family + " that clients send besides what is steered, such as DNS",
       std::string(program) + " -A FORWARD -i " + shell_word(lans.front()) + " -j ACCEPT && " + program +
           " -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
       ""});
}

std::string accept_our_mark(const std::string& table, const std::string& chain) {
  return "nft insert rule " + table + " " + chain + " meta mark and 0x1000000 == 0x1000000 accept";
}

// nftables has tables of its own, whose chains see each packet besides those of iptables: an ACCEPT there is none here.
void look_at_nftables(const Context& context, Findings& findings) {
  const Outcome listed = context.run({.words = {"nft", "list", "chains"}});
  if (listed.status != 0) return;
  std::string table;
  std::string chain;
  for (const std::string_view line : split(listed.out, '\n')) {
    if (line.starts_with("table ")) table = line.substr(6, line.find(" {") - 6);
    if (line.starts_with("chain ")) chain = line.substr(6, line.find(" {") - 6);
    // iptables' own, which are looked at by their own names.
    const bool of_iptables = !chain.empty() && chain.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos;
    if (of_iptables || !line.contains("hook input") || !line.contains("policy drop")) continue;
    findings.push_back({"firewall", Severity::warning,
                        "the nftables chain " + printable(chain) + " of " + printable(table) +
                            " drops what it does not know: it must accept packets with our mark",
                        accept_our_mark(table, chain), ""});
  }
}

void look_at_family(const Context& context, const std::optional<FirewallRules>& rules, const char* program,
                    const char* family, Findings& findings) {
  if (!rules) return;
  look_before_ours(context, *rules, program, findings);
  look_at_forward(context, *rules, program, family, findings);
}

}  // namespace

Findings check_firewall(const Context& context) {
  if (!context.root) return {{"firewall", Severity::note, "not looked at: that takes root", "", ""}};
  Findings findings;
  look_at_family(context, context.v4, "iptables", "IPv4", findings);
  look_at_family(context, context.v6, "ip6tables", "IPv6", findings);
  look_at_nftables(context, findings);
  if (findings.empty()) findings.push_back({"firewall", Severity::fine, "no rule stands in the way", "", ""});
  return findings;
}

}  // namespace sallyport::doctor
