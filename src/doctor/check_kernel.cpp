// What the kernel must be able to do, and what we and the daemon are allowed to.
#include <linux/capability.h>

#include <array>
#include <charconv>

#include "sallyport/base/text.hpp"

#include "checks_declared.hpp"

namespace sallyport::doctor {
namespace {

struct Feature {
  const char* module;  // of the kernel
  const char* rule;    // that needs it, in mangle
  bool steers;         // without it no client is steered; otherwise only QUIC is not judged
};

constexpr std::array features = {
    Feature{"xt_TPROXY", "-A PREROUTING -p tcp -j TPROXY --on-port 1 --tproxy-mark 0x1/0x1", true},
    Feature{"xt_socket", "-A PREROUTING -p tcp -m socket --transparent -j ACCEPT", true},
    Feature{"xt_conntrack", "-A PREROUTING -m conntrack --ctdir REPLY -j ACCEPT", true},
    Feature{"xt_connmark", "-A PREROUTING -m connmark --mark 0x1/0x1 -j CONNMARK --set-xmark 0x1/0x1", true},
    Feature{"xt_mark", "-A PREROUTING -m mark --mark 0x1/0x1 -j MARK --set-xmark 0x1/0x1", true},
    Feature{"xt_addrtype", "-A PREROUTING -m addrtype --dst-type LOCAL -j RETURN", true},
    Feature{"xt_NFQUEUE", "-A FORWARD -p udp -j NFQUEUE --queue-num 0 --queue-bypass", false},
};

Outcome try_rules(const Context& context, const char* program, const std::string& rules) {
  return context.run(
      {.words = {program, "-w", "10"}, .input = "*mangle\n" + rules + "COMMIT\n", .network = context.empty_network});
}

Findings try_family(const Context& context, const char* program, const char* family) {
  std::string all;
  for (const Feature& feature : features) all += std::string(feature.rule) + "\n";
  const Outcome together = try_rules(context, program, all);
  if (together.status == 0) return {};
  if (together.status == 127) {
    return {{"kernel", Severity::failure, std::string(program) + " is not installed: no rule can be put up",
             "apt-get install iptables", ""}};
  }
  Findings findings;
  for (const Feature& feature : features) {
    const Outcome alone = try_rules(context, program, std::string(feature.rule) + "\n");
    if (alone.status == 0) continue;
    const std::string reason = printable(trim(alone.err.substr(0, alone.err.find('\n'))));
    findings.push_back(
        {"kernel", feature.steers ? Severity::failure : Severity::warning,
         std::string("the kernel takes no ") + family + " rule that needs " + feature.module + " (" + reason + ")",
         std::string("modprobe ") + feature.module,
         std::string("echo ") + feature.module + " >>/etc/modules-load.d/sallyport.conf"});
  }
  if (!findings.empty()) return findings;
  return {{"kernel", Severity::failure,
           std::string(program) + " fails: " + printable(trim(together.err.substr(0, together.err.find('\n')))), "",
           ""}};
}

// The capability sets of /proc/PID/status.
std::uint64_t capabilities(std::string_view status, std::string_view set) {
  for (const std::string_view line : split(status, '\n')) {
    if (!line.starts_with(set)) continue;
    const std::string_view number = trim(line.substr(set.size()));
    std::uint64_t bits = 0;
    std::from_chars(number.data(), number.data() + number.size(), bits, 16);
    return bits;
  }
  return ~std::uint64_t{0};
}

bool has(std::uint64_t bits, int capability) { return (bits >> capability & 1) != 0; }

}  // namespace

// Tried where it harms nobody: rules that need each feature, in a network namespace without a packet.
Findings check_kernel(const Context& context) {
  if (!context.root) return {{"kernel", Severity::note, "not looked at: that takes root", "", ""}};
  if (context.empty_network < 0) {
    return {{"kernel", Severity::note, "not tried: no network namespace can be made here", "", ""}};
  }
  Findings findings = try_family(context, "iptables-restore", "IPv4");
  if (context.has_ipv6()) {
    for (Finding& finding : try_family(context, "ip6tables-restore", "IPv6")) findings.push_back(std::move(finding));
  }
  if (findings.empty()) findings.push_back({"kernel", Severity::fine, "it knows all that steering needs", "", ""});
  return findings;
}

Findings check_privileges(const Context& context) {
  Findings findings;
  if (!context.root) {
    findings.push_back(
        {"privileges", Severity::warning,
         "this is not root: rules, the kernel's features, the CA's key and the whole path of a connection "
         "cannot be looked at",
         "sudo " + context.this_command("doctor"), ""});
  }
  const std::string path = "/proc/" + std::to_string(context.daemon.process) + "/status";
  const std::optional<std::string> status = context.daemon.process == 0 ? std::nullopt : context.system_file(path);
  if (status && !context.settings.gateway.lan_interfaces.empty()) {
    if (!has(capabilities(*status, "CapEff:"), CAP_NET_RAW)) {
      findings.push_back({"privileges", Severity::failure,
                          "the daemon runs without CAP_NET_RAW and can neither take clients' connections nor dial with "
                          "their addresses",
                          context.restart_daemon(), ""});
    }
    if (!has(capabilities(*status, "CapPrm:"), CAP_NET_ADMIN)) {
      const bool passes = context.settings.gateway.when_stopped == config::WhenStopped::open;
      findings.push_back({"privileges", Severity::failure,
                          passes ? "the daemon runs without CAP_NET_ADMIN and cannot be asked: connections pass unseen"
                                 : "the daemon runs without CAP_NET_ADMIN and judges no QUIC: it is all dropped",
                          context.restart_daemon(), ""});
    }
  }
  if (findings.empty())
    findings.push_back({"privileges", Severity::fine, "the daemon and this command have theirs", "", ""});
  return findings;
}

}  // namespace sallyport::doctor
