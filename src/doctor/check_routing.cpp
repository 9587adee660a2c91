// What the kernel does with packets between clients and origins: forwarding, reverse-path filters, marks and tables.
#include <algorithm>
#include <charconv>

#include "sallyport/base/text.hpp"
#include "sallyport/netfilter/kernel_settings.hpp"

#include "checks_declared.hpp"

namespace sallyport::doctor {
namespace {

// The command that sets a key now, and the one that keeps it set.
Finding sysctl_finding(const char* check, Severity severity, std::string says, const std::string& setting) {
  return {check, severity, std::move(says), "sysctl -w " + setting,
          "echo " + setting + " >>/etc/sysctl.d/90-sallyport.conf"};
}

std::string conf(const std::string& interface, const char* key) {
  return "/proc/sys/net/ipv4/conf/" + interface + "/" + key;
}

// A dot in an interface's name would separate parts of the key; sysctl takes a slash for it.
std::string sysctl_key(const std::string& interface, const char* key) {
  std::string name = interface;
  std::ranges::replace(name, '.', '/');
  return "net.ipv4.conf." + name + "." + key;
}

std::uint32_t number_of(std::string_view text) {
  std::uint32_t number = 0;
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::from_chars(text.data(), text.data() + text.size(), number, hex ? 16 : 10);
  return number;
}

// Whether a rule of somebody else's sets our bit of the mark: --set-xmark VALUE/MASK takes MASK's bits off, then flips
// VALUE's.
bool sets_our_mark(const FirewallRule& rule, const netfilter::PolicyRoutes& ours) {
  if (is_ours(rule.chain) || rule.target() != "MARK") return false;
  const std::string_view value = rule.option("--set-xmark").substr(0, rule.option("--set-xmark").find('/'));
  return (number_of(value) & ours.mask) != 0;
}

void look_at_marks(const std::optional<FirewallRules>& rules, const char* program, Findings& findings) {
  const netfilter::PolicyRoutes ours;
  if (!rules) return;
  for (const FirewallRule& rule : rules->all()) {
    if (!sets_our_mark(rule, ours)) continue;
    findings.push_back(
        {"marks", Severity::failure,
         "a rule of somebody else's sets the mark by which packets are delivered here: " + printable(rule.text),
         std::string(program) + " -t " + rule.table + " -D " + rule.chain + " " + rule.text, ""});
  }
}

// The one that leads to our table, and in IPv4 the one before it that leads reverse paths past it.
bool is_ours(const netfilter::RoutingRule& rule, const netfilter::PolicyRoutes& ours) {
  if (rule.mark != ours.mark || rule.mask != ours.mask) return false;
  return (rule.priority == ours.priority && rule.table == ours.table) ||
         (rule.priority + 1 == ours.priority && rule.table == 0);
}

std::string delete_rule(const netfilter::RoutingRule& rule) {
  return std::string(rule.v4 ? "ip" : "ip -6") + " rule del priority " + std::to_string(rule.priority) + " table " +
         std::to_string(rule.table);
}

void look_at_rule(const netfilter::RoutingRule& rule, Findings& findings) {
  const netfilter::PolicyRoutes ours;
  constexpr std::uint32_t local_table = 255;
  const bool wants_our_mark = (rule.mask & ours.mask) != 0 && (rule.mark & ours.mask) != 0 && !rule.inverted;
  // "unreachable" and the like, and rules that lead on to others, may be anything.
  if (rule.table == 0) return;
  if (wants_our_mark) {
    findings.push_back({"marks", Severity::failure,
                        "the routing rule \"" + rule.to_string() + "\" is for packets with our mark", delete_rule(rule),
                        ""});
  } else if (rule.table == ours.table) {
    findings.push_back({"marks", Severity::failure,
                        "the routing rule \"" + rule.to_string() +
                            "\" leads others' packets into our table, which "
                            "delivers them to this machine",
                        delete_rule(rule), ""});
  } else if (rule.priority < ours.priority && rule.mask == 0 && !rule.selective && rule.table != local_table) {
    findings.push_back({"marks", Severity::failure,
                        "the routing rule \"" + rule.to_string() +
                            "\" stands before ours and takes the packets that are to "
                            "be delivered here",
                        delete_rule(rule), ""});
  }
}

}  // namespace

Findings check_forwarding(const Context& context) {
  Findings findings;
  const std::string sysctls = context.system_root + "/proc/sys";
  for (const netfilter::Obstacle& one : netfilter::kernel_obstacles(context.settings.gateway.lan_interfaces, sysctls)) {
    const bool bearable = one.setting.contains("ipv6");
    findings.push_back(sysctl_finding("forwarding", bearable ? Severity::warning : Severity::failure,
                                      one.setting + " is " + std::to_string(1 - one.wanted) + ": " + one.consequence,
                                      one.setting + "=" + std::to_string(one.wanted)));
  }
  if (findings.empty()) findings.push_back({"forwarding", Severity::fine, "packets are forwarded", "", ""});
  return findings;
}

Findings check_reverse_path(const Context& context) {
  Findings findings;
  const netfilter::FamilyRoutes& v4 = context.policy_routes.v4;
  std::vector<std::string> names = {"all"};
  for (const std::string& lan : context.settings.gateway.lan_interfaces) names.push_back(lan);
  for (const std::string& name : names) {
    // The reverse-path check then looks marked packets up in our table, unless our rules lead it past that.
    if (context.system_number(conf(name, "src_valid_mark")) == 0 || (v4.past_table && v4.landing)) continue;
    findings.push_back(
        {"rp_filter", Severity::failure,
         sysctl_key(name, "src_valid_mark") +
             " is 1, and the rules are missing that lead reverse paths past our table: what is steered is "
             "dropped",
         context.this_command("policy-routes up"), ""});
    break;
  }
  const long long everywhere = context.system_number(conf("all", "rp_filter"));
  for (const Astray& astray : context.astray) {
    const long long here = context.system_number(conf(astray.lan, "rp_filter"));
    if (std::max(everywhere, here) != 1) continue;
    const std::string key = sysctl_key(astray.lan, "rp_filter");
    findings.push_back(sysctl_finding("rp_filter", Severity::failure,
                                      "the client " + astray.client.to_string() + " comes in by " + astray.lan +
                                          " and is answered by " + astray.routed_to +
                                          ", so that the strict reverse-path filter drops what it sends",
                                      key + "=2"));
  }
  if (findings.empty()) findings.push_back({"rp_filter", Severity::fine, "it drops no client that is known", "", ""});
  return findings;
}

Findings check_marks(const Context& context) {
  const netfilter::PolicyRoutes ours;
  Findings findings;
  for (const netfilter::RoutingRule& rule : context.routing_rules) {
    if (!is_ours(rule, ours)) look_at_rule(rule, findings);
  }
  for (const netfilter::TableRoute& route : context.table_routes) {
    if (route.local && !route.destination) continue;
    const std::string where = route.destination ? route.destination->to_string() : "default";
    findings.push_back(
        {"marks", Severity::failure,
         "the route to " + where + " in table " + std::to_string(ours.table) + " is not ours",
         std::string(route.v4 ? "ip" : "ip -6") + " route del " + where + " table " + std::to_string(ours.table), ""});
  }
  look_at_marks(context.v4, "iptables", findings);
  look_at_marks(context.v6, "ip6tables", findings);
  if (findings.empty()) findings.push_back({"marks", Severity::fine, "nobody else uses our mark or table", "", ""});
  return findings;
}

}  // namespace sallyport::doctor
