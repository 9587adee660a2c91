#include "sallyport/doctor/checks.hpp"

#include "broken_machine.hpp"

using namespace sallyport;
using namespace sallyport::doctor;
using sallyport::test::Machine;
using sallyport::test::whole_rules;
using sallyport::test::with_line;

namespace {

void check_failure(const Finding& finding, std::string_view says, std::string_view mend) {
  CHECK(finding.severity == Severity::failure);
  CHECK(finding.says.contains(says));
  CHECK_EQUAL(finding.mend, mend);
}

}  // namespace

TEST(a_whole_machine_has_nothing_wrong) {
  const Machine machine;
  for (const Check& check : checks()) {
    // What they look at is tried in the laboratory: files of a CA.
    if (std::string_view(check.name) == "ca") continue;
    const Findings findings = check.run(machine.context);
    CHECK(!findings.empty());
    for (const Finding& finding : findings) {
      CHECK_EQUAL(finding.says + name_of(finding.severity).data(), finding.says + "ok");
      CHECK_EQUAL(finding.check, check.name);
    }
  }
}

TEST(a_feature_that_the_kernel_lacks_is_named) {
  Machine machine;
  machine.context.run = [](const Command& command) {
    const bool refused = command.input.contains("-m socket");
    return Outcome{refused ? 1 : 0, "", refused ? "iptables-restore: no match by that name\nmore" : ""};
  };
  const Findings findings = machine.look("kernel");
  CHECK_EQUAL(findings.size(), 1U);
  check_failure(findings[0], "xt_socket", "modprobe xt_socket");
  CHECK(!findings[0].says.contains("more"));
  machine.context.run = [](const Command&) { return Outcome{127, "", ""}; };
  check_failure(machine.first("kernel"), "not installed", "apt-get install iptables");
}

TEST(privileges_of_the_daemon_and_of_ours) {
  Machine machine;
  machine.put("/proc/77/status", "CapPrm:\t0000000000001000\nCapEff:\t0000000000000000");
  check_failure(machine.first("privileges"), "CAP_NET_RAW", "systemctl restart sallyportd");
  machine.put("/proc/77/status", "CapPrm:\t0000000000002000\nCapEff:\t0000000000002000");
  check_failure(machine.first("privileges"), "CAP_NET_ADMIN", "systemctl restart sallyportd");
  machine.context.root = false;
  CHECK_EQUAL(machine.first("privileges").mend, "sudo sallyport doctor");
}

TEST(forwarding_and_reverse_paths) {
  Machine machine;
  machine.put("/proc/sys/net/ipv4/ip_forward", "0");
  check_failure(machine.first("forwarding"), "not routed", "sysctl -w net.ipv4.ip_forward=1");
  machine.context.astray = {{*IpAddress::parse("10.1.0.9"), "lan.7", "wan0"}};
  CHECK(machine.first("rp_filter").severity == Severity::fine);
  machine.put("/proc/sys/net/ipv4/conf/lan.7/rp_filter", "1");
  check_failure(machine.first("rp_filter"), "10.1.0.9", "sysctl -w net.ipv4.conf.lan/7.rp_filter=2");
  machine.put("/proc/sys/net/ipv4/conf/lan.7/rp_filter", "2");
  CHECK(machine.first("rp_filter").severity == Severity::fine);
  machine.put("/proc/sys/net/ipv4/conf/all/src_valid_mark", "1");
  CHECK(machine.first("rp_filter").severity == Severity::fine);
  machine.context.policy_routes.v4.past_table = false;
  check_failure(machine.first("rp_filter"), "src_valid_mark", "sallyport policy-routes up");
}

TEST(marks_and_tables_of_others) {
  Machine machine;
  auto& rules = machine.context.routing_rules;
  rules = {{.priority = 0, .table = 255},
           {.priority = 442, .mark = 0x01000000, .mask = 0x01000000, .selective = true},
           {.priority = 443, .mark = 0x01000000, .mask = 0x01000000, .table = 443},
           {.priority = 444},
           {.priority = 100, .mark = 0xca6c, .mask = 0xffffffff, .table = 51820, .inverted = true},
           {.priority = 1000, .table = 254}};
  CHECK(machine.first("marks").severity == Severity::fine);
  rules.push_back({.priority = 99, .mark = 0xff000000, .mask = 0xff000000, .table = 9});
  check_failure(machine.first("marks"), "99: from all fwmark 0xff000000/0xff000000 lookup 9",
                "ip rule del priority 99 table 9");
  rules.back() = {.v4 = false, .priority = 99, .table = 443, .selective = true};
  check_failure(machine.first("marks"), "into our table", "ip -6 rule del priority 99 table 443");
  rules.back() = {.priority = 99, .table = 254};
  check_failure(machine.first("marks"), "before ours", "ip rule del priority 99 table 254");
  rules.pop_back();
  machine.context.table_routes = {{.local = true}, {.destination = Prefix::parse("10.0.0.0/8")}};
  check_failure(machine.first("marks"), "10.0.0.0/8", "ip route del 10.0.0.0/8 table 443");
  machine.context.table_routes.clear();
  machine.rules(with_line(std::string(whole_rules), "[0:0] -A OUTPUT",
                          "[0:0] -A FORWARD -j MARK --set-xmark 0x1000001/0xffffffff"));
  check_failure(machine.first("marks"), "--set-xmark",
                "iptables -t mangle -D FORWARD -j MARK --set-xmark 0x1000001/0xffffffff");
}

TEST(rules_that_are_missing) {
  Machine machine;
  const std::string whole(whole_rules);
  std::string text = whole;
  machine.rules(text.erase(text.find("[7:420]"), text.find("[0:0] -A OUTPUT") - text.find("[7:420]")));
  check_failure(machine.first("rules"), "PREROUTING", "systemctl reload-or-restart sallyport-steering");
  machine.rules(whole);
  machine.context.settings.gateway.ports = {443, 8443};
  check_failure(machine.first("rules"), "TCP 8443 of lan0", "systemctl reload-or-restart sallyport-steering");
  machine.context.settings.gateway.ports = {443};
  machine.context.steering = "/opt/steering of ours";
  machine.context.settings.gateway.lan_interfaces = {"lan0", "lan1"};
  check_failure(machine.first("rules"), "lan1", "'/opt/steering of ours' --config /etc/sallyport/sallyport.ini up");
  machine.context.settings.gateway.lan_interfaces = {"lan0"};
  machine.context.policy_routes.v4.route = false;
  check_failure(machine.first("rules"), "policy route", "sallyport policy-routes up");
  machine.context.policy_routes.v4.route = true;
  CHECK(machine.first("rules").says.contains("5 packets"));
  machine.context.daemon.up = std::chrono::hours(1);
  machine.rules(with_line(whole, "[5:300]", "").replace(0, 0, ""));
  CHECK(machine.first("rules").severity == Severity::fine);
  std::string silent = whole;
  machine.rules(silent.replace(silent.find("[5:300]"), 7, "[0:0]"));
  CHECK(machine.first("rules").severity == Severity::warning);
}

TEST(interfaces_that_are_not_there) {
  Machine machine;
  machine.put("/sys/class/net/lan0/operstate", "down");
  CHECK_EQUAL(machine.first("interfaces").mend, "ip link set lan0 up");
  machine.context.settings.gateway.lan_interfaces = {"lan9"};
  CHECK(machine.first("interfaces").says.contains("no interface lan9"));
  machine.context.settings.gateway.lan_interfaces = {};
  CHECK(machine.first("interfaces").severity == Severity::note);
  CHECK(!steers(machine.context.settings));
}

TEST(a_daemon_that_is_not_there) {
  Machine machine;
  machine.put("/proc/net/tcp", "   0: 00000000:20FC 00000000:0000 0A 00000000:00000000");
  check_failure(machine.first("listener"), "0.0.0.0:8443", "systemctl restart sallyportd");
  machine.context.daemon = {
      .answers = false, .why_not = "refused", .process = 0, .user = 0, .ca_fingerprint = {}, .up = {}};
  check_failure(machine.first("listener"), "refused", "systemctl start sallyportd");
  CHECK(machine.first("descriptors").severity == Severity::note);
}

TEST(limits) {
  Machine machine;
  machine.put("/proc/77/limits", "Max open files            1024                 524288               files");
  CHECK_EQUAL(machine.first("descriptors").mend, "prlimit --pid 77 --nofile=101536:101536");
  machine.put("/proc/sys/net/netfilter/nf_conntrack_count", "262144");
  check_failure(machine.first("conntrack"), "full", "sysctl -w net.netfilter.nf_conntrack_max=1048576");
  machine.put("/proc/sys/net/netfilter/nf_conntrack_count", "240000");
  CHECK(machine.first("conntrack").severity == Severity::warning);
  machine.put("/proc/sys/net/netfilter/nf_conntrack_count", "1");
  machine.put("/proc/sys/net/netfilter/nf_conntrack_max", "4096");
  CHECK(machine.first("conntrack").severity == Severity::warning);
}

TEST(a_clock_that_is_behind) {
  Machine machine;
  machine.context.now = std::chrono::sys_days(std::chrono::year{1970} / 1 / 2);
  check_failure(machine.first("clock"), "1970-01-02", "timedatectl set-ntp true");
}

TEST(name_servers_that_do_not_answer) {
  Machine machine;
  machine.context.resolve = [] { return Result<void>(fail(ErrorKind::timed_out, "no answer in time")); };
  check_failure(machine.first("dns"), "/etc/resolv.conf",
                "${EDITOR:-nano} /etc/sallyport/sallyport.ini && sallyport reload");
  machine.context.settings.upstream.dns_servers = {*Endpoint::parse("10.0.0.53:53")};
  CHECK(machine.first("dns").says.contains("10.0.0.53:53"));
}

TEST(firewalls_in_the_way) {
  Machine machine;
  const std::string whole(whole_rules);
  const auto before_ours = [&](const std::string& rule) {
    machine.rules(with_line(whole, "[0:0] -A INPUT -j SALLYPORT", "[0:0] -A INPUT " + rule));
    return machine.first("firewall");
  };
  check_failure(before_ours("-p tcp -j DROP"), "INPUT of filter", "systemctl reload-or-restart sallyport-steering");
  check_failure(before_ours("-i lan+ -j REJECT --reject-with icmp-port-unreachable"), "lan+",
                "systemctl reload-or-restart sallyport-steering");
  for (const char* harmless :
       {"-p udp -j DROP", "-i wan0 -j DROP", "-m conntrack --ctstate INVALID -j DROP", "-j ACCEPT", "-j fail2ban"}) {
    CHECK_EQUAL(before_ours(harmless).says, "no rule stands in the way");
  }
  machine.rules(whole + "*raw\n:PREROUTING ACCEPT [0:0]\n[0:0] -A PREROUTING -i lan0 -j DROP\nCOMMIT\n");
  check_failure(machine.first("firewall"), "raw", "iptables -t raw -D PREROUTING -i lan0 -j DROP");

  std::string closed = whole;
  closed.replace(closed.find(":FORWARD ACCEPT [0:0]\n:SALLYPORT - [0:0]\n[0:0] -A INPUT"), 15, ":FORWARD DROP [");
  machine.rules(closed);
  CHECK(machine.first("firewall").severity == Severity::warning);
  const std::string user =
      with_line(closed, "[0:0] -A INPUT", ":ufw - [0:0]\n[0:0] -A FORWARD -j ufw\n[0:0] -A ufw -i lan0 -j ACCEPT");
  machine.rules(user);
  CHECK(machine.first("firewall").severity == Severity::fine);
}

TEST(chains_of_nftables) {
  Machine machine;
  machine.context.run = [](const Command& command) {
    if (command.words.front() != "nft") return Outcome{};
    return Outcome{
        0,
        "table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n"
        "table inet fw {\n\tchain incoming {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n",
        ""};
  };
  const Findings findings = machine.look("firewall");
  CHECK_EQUAL(findings.size(), 1U);
  CHECK_EQUAL(findings[0].mend, "nft insert rule inet fw incoming meta mark and 0x1000000 == 0x1000000 accept");
}

UNIT_MAIN(UNIT_TEST(a_whole_machine_has_nothing_wrong), UNIT_TEST(a_feature_that_the_kernel_lacks_is_named),
          UNIT_TEST(privileges_of_the_daemon_and_of_ours), UNIT_TEST(forwarding_and_reverse_paths),
          UNIT_TEST(marks_and_tables_of_others), UNIT_TEST(rules_that_are_missing),
          UNIT_TEST(interfaces_that_are_not_there), UNIT_TEST(a_daemon_that_is_not_there), UNIT_TEST(limits),
          UNIT_TEST(a_clock_that_is_behind), UNIT_TEST(name_servers_that_do_not_answer),
          UNIT_TEST(firewalls_in_the_way), UNIT_TEST(chains_of_nftables))
