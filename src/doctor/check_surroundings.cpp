// What the daemon depends on besides: name servers, and the kernel's connection tracking.
#include "sallyport/base/text.hpp"

#include "checks_declared.hpp"

namespace sallyport::doctor {
namespace {

std::string list_of(const std::vector<Endpoint>& endpoints) {
  std::string text;
  for (const Endpoint& endpoint : endpoints) text += (text.empty() ? "" : ", ") + endpoint.to_string();
  return text;
}

constexpr long long nearly_full_percent = 80;
constexpr long long smallest_table = 65536;

}  // namespace

Findings check_names(const Context& context) {
  const Result<void> answered = context.resolve();
  if (answered) return {{"dns", Severity::fine, "the name servers answer", "", ""}};
  const std::vector<Endpoint>& own = context.settings.upstream.dns_servers;
  const std::string says = own.empty() ? "the system's name servers (/etc/resolv.conf) do not answer"
                                       : "the name servers that dns_servers names do not answer (" + list_of(own) + ")";
  // Which ones would answer is the admin's to know: the key takes precedence over the system's own.
  return {{"dns", Severity::failure,
           says + ": " + printable(answered.error().reason) + "; name others as dns_servers in [upstream]",
           "${EDITOR:-nano} " + shell_word(context.config_path) + " && " + context.this_command("reload"), ""}};
}

Findings check_conntrack(const Context& context) {
  const long long most = context.system_number("/proc/sys/net/netfilter/nf_conntrack_max");
  const long long count = context.system_number("/proc/sys/net/netfilter/nf_conntrack_count");
  if (most == 0) return {{"conntrack", Severity::note, "the kernel does not say how full it is", "", ""}};
  const auto raise = [&](Severity severity, const std::string& says) -> Findings {
    const std::string setting =
        "net.netfilter.nf_conntrack_max=" + std::to_string(std::max(most * 4, smallest_table * 4));
    return {{"conntrack", severity, says, "sysctl -w " + setting,
             "echo " + setting + " >>/etc/sysctl.d/90-sallyport.conf"}};
  };
  const std::string full = std::to_string(count) + " of " + std::to_string(most);
  if (count >= most)
    return raise(Severity::failure, "connection tracking is full (" + full + "): new ones are dropped");
  if (count * 100 >= most * nearly_full_percent) {
    return raise(Severity::warning, "connection tracking is nearly full (" + full + ")");
  }
  // Each connection of a client is two to the kernel: the client's, and ours to the origin.
  const long long wanted = static_cast<long long>(context.settings.gateway.max_connections) * 2;
  if (most < smallest_table && most < wanted) {
    return raise(Severity::warning, "connection tracking holds " + std::to_string(most) +
                                        ", and max_connections may take " + std::to_string(wanted));
  }
  return {{"conntrack", Severity::fine, full + " in use", "", ""}};
}

}  // namespace sallyport::doctor
