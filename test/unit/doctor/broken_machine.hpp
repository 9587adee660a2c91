// A machine for the checks to look at: whole at first, and then whatever the test makes of it.
#pragma once

#include <filesystem>
#include <string>

#include "sallyport/doctor/checks.hpp"

#include "check.hpp"
#include "temporary_folder.hpp"

namespace sallyport::test {

inline constexpr std::string_view whole_rules =
    "*mangle\n:PREROUTING ACCEPT [10:500]\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
    ":SALLYPORT - [0:0]\n:SALLYPORT-LAN - [0:0]\n:SALLYPORT-OUT - [0:0]\n"
    "[7:420] -A PREROUTING -j SALLYPORT\n[0:0] -A OUTPUT -p tcp -j SALLYPORT-OUT\n"
    "[5:300] -A SALLYPORT -i lan0 -p tcp -m tcp --dport 443 -j SALLYPORT-LAN\nCOMMIT\n"
    "*filter\n:INPUT ACCEPT [3:9]\n:FORWARD ACCEPT [0:0]\n:SALLYPORT - [0:0]\n[0:0] -A INPUT -j SALLYPORT\n"
    "[0:0] -A SALLYPORT -m mark --mark 0x1000000/0x1000000 -j ACCEPT\nCOMMIT\n";

inline std::string with_line(std::string text, std::string_view before, const std::string& line) {
  return text.insert(text.find(before), line + "\n");
}

class Machine {
 public:
  Machine() {
    context.settings = config::default_settings();
    context.settings.gateway.lan_interfaces = {"lan0"};
    context.settings.listen.transparent = {*Endpoint::parse("0.0.0.0:8443")};
    context.settings.listen.proxy = {};
    context.settings.listen.dashboard = {};
    context.config_path = "/etc/sallyport/sallyport.ini";
    context.system_root = folder_.path("");
    context.now = std::chrono::sys_days(std::chrono::year{2027} / 3 / 1);
    context.daemon = {.answers = true, .why_not = {}, .process = 77, .user = 900, .ca_fingerprint = {}, .up = {}};
    rules(std::string(whole_rules));
    context.policy_routes.v4 = {.rule = true, .route = true, .past_table = true, .landing = true};
    context.policy_routes.v6 = {.available = false};
    context.empty_network = 3;
    context.run = [](const doctor::Command&) { return doctor::Outcome{}; };
    context.resolve = [] { return Result<void>(); };
    put("/proc/sys/net/ipv4/ip_forward", "1");
    put("/proc/net/tcp",
        "  sl  local_address rem_address   st\n   0: 00000000:20FB 00000000:0000 0A 00000000:00000000\n");
    put("/proc/77/status", "Name:\tsallyportd\nCapPrm:\t0000000000003000\nCapEff:\t0000000000002000\n");
    put("/proc/77/limits", "Max open files            200000               200000               files     \n");
    put("/proc/sys/net/netfilter/nf_conntrack_max", "262144");
    put("/proc/sys/net/netfilter/nf_conntrack_count", "12");
    put("/sys/class/net/lan0/operstate", "up");
  }

  void put(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(folder_.path("") + path).parent_path());
    (void)folder_.write(path.substr(1), text + "\n");
  }
  void rules(const std::string& text) { context.v4 = doctor::FirewallRules::parse(text); }

  // What the check of that name finds.
  [[nodiscard]] doctor::Findings look(std::string_view name) const {
    for (const doctor::Check& check : doctor::checks()) {
      if (check.name == name) return check.run(context);
    }
    throw std::runtime_error("there is no such check");
  }
  [[nodiscard]] doctor::Finding first(std::string_view name) const { return look(name).at(0); }

 private:
  TemporaryFolder folder_;

 public:
  doctor::Context context;
};

}  // namespace sallyport::test
