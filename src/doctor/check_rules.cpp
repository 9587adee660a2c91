// The interfaces that clients come in by, and our own rules and routes: whether they are up, whole, and have seen a
// packet.
#include <algorithm>

#include "sallyport/base/text.hpp"

#include "checks_declared.hpp"

namespace sallyport::doctor {
namespace {

constexpr std::chrono::minutes long_enough{10};  // for a network with clients to have sent something

bool has_family(const std::vector<Endpoint>& endpoints, bool v4) {
  return std::ranges::any_of(endpoints, [v4](const Endpoint& one) { return one.address.is_v4() == v4; });
}

// The ports that clients of this family are steered on.
std::vector<std::uint16_t> steered_ports(const config::Settings& settings, bool v4) {
  std::vector<std::uint16_t> ports;
  if (has_family(settings.listen.transparent, v4)) ports = settings.gateway.ports;
  const bool plain = !settings.listen.transparent_http.empty();
  if (plain) std::erase(ports, 80);
  if (has_family(settings.listen.transparent_http, v4)) ports.push_back(80);
  return ports;
}

bool jumps_to_ours(const FirewallRules& rules, const char* table, const char* chain) {
  return std::ranges::any_of(rules.of_chain(table, chain),
                             [](const FirewallRule* rule) { return is_ours(rule->target()); });
}

struct Steered {
  bool rule = false;
  std::uint64_t packets = 0;
};

Steered steered(const FirewallRules& rules, const std::string& lan, std::uint16_t port) {
  Steered found;
  for (const FirewallRule& rule : rules.all()) {
    if (rule.table != "mangle" || !is_ours(rule.chain) || rule.option("-i") != lan) continue;
    if (rule.option("-p") != "tcp" || rule.option("--dport") != std::to_string(port)) continue;
    found.rule = true;
    found.packets += rule.packets;
  }
  return found;
}

// What is missing of one family's rules, in words; empty: nothing.
std::string missing(const Context& context, const FirewallRules& rules, bool v4) {
  for (const auto& [table, chain] :
       {std::pair("mangle", "PREROUTING"), std::pair("mangle", "OUTPUT"), std::pair("filter", "INPUT")}) {
    if (!jumps_to_ours(rules, table, chain)) return std::string("nothing leads from ") + chain + " to our chain";
  }
  for (const std::string& lan : context.settings.gateway.lan_interfaces) {
    for (const std::uint16_t port : steered_ports(context.settings, v4)) {
      if (!steered(rules, lan, port).rule) return "TCP " + std::to_string(port) + " of " + lan + " is not steered";
    }
  }
  return {};
}

void look_at_family(const Context& context, const std::optional<FirewallRules>& rules, bool v4, Findings& findings) {
  if (!rules || steered_ports(context.settings, v4).empty()) return;
  const std::string what = missing(context, *rules, v4);
  if (what.empty()) return;
  findings.push_back({"rules", Severity::failure,
                      std::string("the ") + (v4 ? "IPv4" : "IPv6") + " kernel rules are not up: " + what,
                      context.put_rules_up(), context.steering.empty() ? "systemctl enable sallyport-steering" : ""});
}

void look_at_routes(const Context& context, Findings& findings) {
  for (const bool v4 : {true, false}) {
    const netfilter::FamilyRoutes& family = v4 ? context.policy_routes.v4 : context.policy_routes.v6;
    if (family.complete()) continue;
    const char* const what = !family.rule    ? " policy rule by which steered packets are delivered here is missing"
                             : !family.route ? " policy route by which steered packets are delivered here is missing"
                                             : " rules that lead reverse paths past our table are missing";
    findings.push_back({"rules", Severity::failure, std::string("the ") + (v4 ? "IPv4" : "IPv6") + what,
                        context.this_command("policy-routes up"), ""});
  }
}

std::uint64_t packets_steered(const Context& context) {
  std::uint64_t packets = 0;
  for (const auto& [rules, v4] : {std::pair(&context.v4, true), std::pair(&context.v6, false)}) {
    if (!*rules) continue;
    for (const std::string& lan : context.settings.gateway.lan_interfaces) {
      for (const std::uint16_t port : steered_ports(context.settings, v4))
        packets += steered(**rules, lan, port).packets;
    }
  }
  return packets;
}

Finding about_packets(const Context& context) {
  const std::uint64_t packets = packets_steered(context);
  if (packets == 0 && context.daemon.answers && context.daemon.up > long_enough) {
    return {
        "rules", Severity::warning,
        "they are up, and no client has sent a packet to steer: is this machine the clients' default gateway, and are "
        "lan_interfaces those they come in by?",
        "", ""};
  }
  return {"rules", Severity::fine, "they are up and have counted " + std::to_string(packets) + " packets", "", ""};
}

}  // namespace

Findings check_interfaces(const Context& context) {
  const std::vector<std::string>& names = context.settings.gateway.lan_interfaces;
  if (!steers(context.settings)) {
    return {{"interfaces", Severity::note,
             names.empty() ? "lan_interfaces is empty: no client is steered here, and the proxy alone serves"
                           : "there is no transparent listener: no client is steered here",
             "", ""}};
  }
  Findings findings;
  for (const std::string& name : names) {
    const std::optional<std::string> state = context.system_file("/sys/class/net/" + name + "/operstate");
    const std::optional<std::string> known = context.system_file("/proc/net/dev");
    if (!state && (!known || !known->contains(name + ":"))) {
      findings.push_back({"interfaces", Severity::warning,
                          "there is no interface " + printable(name) + ", which lan_interfaces names", "ip -brief link",
                          ""});
    } else if (state == "down") {
      findings.push_back({"interfaces", Severity::warning, "the interface " + printable(name) + " is down",
                          "ip link set " + shell_word(name) + " up", ""});
    }
  }
  if (findings.empty()) {
    findings.push_back(
        {"interfaces", Severity::fine, "clients may come in by " + std::to_string(names.size()), "", ""});
  }
  return findings;
}

Findings check_rules(const Context& context) {
  Findings findings;
  look_at_routes(context, findings);
  if (!context.root) {
    findings.push_back({"rules", Severity::note, "the firewall's were not looked at: that takes root", "", ""});
    return findings;
  }
  if (!context.v4) {
    findings.push_back({"rules", Severity::failure, "they cannot be read: " + printable(context.rules_error),
                        "apt-get install iptables", ""});
    return findings;
  }
  look_at_family(context, context.v4, true, findings);
  look_at_family(context, context.v6, false, findings);
  if (findings.empty()) findings.push_back(about_packets(context));
  return findings;
}

}  // namespace sallyport::doctor
