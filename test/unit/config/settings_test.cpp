#include "sallyport/config/settings.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "sallyport/config/suggestion.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::config;

namespace {

std::string problems_of(const std::string& text) {
  std::istringstream stream(text);
  Problems problems;
  const auto settings = settings_from(read_ini(stream, "/etc/s/x.ini"), problems);
  CHECK_EQUAL(settings.has_value(), problems.empty());
  std::string out;
  for (const Problem& problem : problems) out += to_string(problem) + "\n";
  return out;
}

Settings settings_of(const std::string& text) {
  std::istringstream stream(text);
  Problems problems;
  const auto settings = settings_from(read_ini(stream, "/etc/s/x.ini"), problems);
  for (const Problem& problem : problems) test::fail_check(__FILE__, __LINE__, to_string(problem));
  return *settings;
}

}  // namespace

TEST(an_empty_file_gives_the_defaults) {
  const Settings settings = settings_of("");
  CHECK(settings.gateway.lan_interfaces.empty());
  CHECK_EQUAL(settings.gateway.workers, 0U);
  CHECK_EQUAL(settings.gateway.drain.count(), 30);
  CHECK(settings.gateway.ports == std::vector<std::uint16_t>{443});
  CHECK_EQUAL(settings.gateway.max_connections, 50'000U);
  CHECK(settings.listen.transparent == (std::vector{*Endpoint::parse("0.0.0.0:8443"), *Endpoint::parse("[::]:8443")}));
  CHECK(settings.listen.proxy == std::vector{*Endpoint::parse("127.0.0.1:8080")});
  CHECK(settings.explicit_proxy.allowed_clients ==
        (std::vector{*Prefix::parse("127.0.0.0/8"), *Prefix::parse("::1/128")}));
  CHECK(settings.explicit_proxy.allow_lan_clients);
  CHECK(settings.explicit_proxy.connect_ports == (std::vector<std::uint16_t>{443, 80}));
  CHECK(settings.explicit_proxy.allowed_destinations.empty());
  CHECK_EQUAL(settings.ca.certificate, "/etc/sallyport/ca.crt");
  CHECK_EQUAL(settings.ca.key, "/etc/sallyport/ca.key");
  CHECK_EQUAL(settings.ca.pkcs12, "");
  CHECK_EQUAL(settings.ca.leaf_life.count(), 24);
  CHECK(settings.ca.issuing_ca == IssuingCa::automatic);
  CHECK_EQUAL(settings.ca.leaf_cache, 65'536U);
  CHECK(settings.upstream.source_address == SourceAddress::client);
  CHECK(settings.upstream.system_ca);
  CHECK(settings.upstream.min_tls == MinTls::tls12);
  CHECK(settings.upstream.invalid_origin == InvalidOrigin::page);
  CHECK_EQUAL(settings.upstream.connect_timeout.count(), 10);
  CHECK_EQUAL(settings.upstream.idle_timeout.count(), 300);
  CHECK_EQUAL(settings.upstream.pool_idle.count(), 30);
  CHECK(settings.upstream.dns_servers.empty());
  CHECK(settings.upstream.client_certificate_requested == ClientCertificateRequested::none);
  CHECK(settings.intercept.no_sni == NoSni::connect);
  CHECK(settings.intercept.not_tls == NotTls::refuse);
  CHECK(settings.intercept.unknown_alpn == UnknownAlpn::refuse);
  CHECK(!settings.pinning.learn_passthrough);
  CHECK_EQUAL(settings.pinning.learn_after, 3U);
  CHECK_EQUAL(settings.pinning.learn.count(), 86'400);
  CHECK_EQUAL(settings.intercept.first_bytes.count(), 5);
  CHECK(!settings.http.via);
  CHECK(settings.http.upgrades == std::vector<std::string>{"websocket"});
  CHECK_EQUAL(settings.limits.handshake.count(), 10);
  CHECK_EQUAL(settings.limits.header.count(), 15);
  CHECK_EQUAL(settings.limits.client_idle.count(), 75);
  CHECK_EQUAL(settings.limits.header_bytes, 65'536U);
  CHECK_EQUAL(settings.limits.streams, 100U);
  CHECK_EQUAL(settings.limits.connections_per_client, 4'000U);
  CHECK_EQUAL(settings.log.destination, "stderr");
  CHECK(settings.log.level == LogLevel::info);
  CHECK_EQUAL(settings.policy.file, "/etc/sallyport/policy.ini");
}

TEST(each_key_can_be_set) {
  const Settings settings = settings_of(R"(
[gateway]
lan_interfaces = eth1, br-lan.20
workers = 3
drain_seconds = 0
ports = 443, 8443
max_connections = 7
[listen]
transparent = 10.0.0.1:9443
              [2001:db8::1]:9443
proxy =
[explicit]
allowed_clients = 10.0.0.0/8
connect_ports = 443
allowed_destinations = 10.9.0.0/16, 192.168.1.1
[ca]
certificate = tls/ca.pem
key = /abs/ca.key
pkcs12 = "a, b.p12"
passphrase_file = pass
leaf_hours = 4776
issuing_ca = no
leaf_cache = 100
[upstream]
source_address = gateway
outgoing_ca_bundle = roots.pem
system_ca = no
min_tls = 1.3
invalid_origin = alert
connect_timeout_seconds = 1
idle_timeout_seconds = 2
pool_idle_seconds = 0
dns_servers = 9.9.9.9, [2620:fe::fe]:5353, 2620:fe::9
client_certificate_requested = passthrough
[intercept]
no_sni = refuse
not_tls = pass
unknown_alpn = pass
first_bytes_seconds = 4
[http]
via = yes
upgrades = WebSocket, foo
[pinning]
learn_passthrough = on
learn_after = 2
learn_seconds = 60
[limits]
handshake_seconds = 5
header_seconds = 6
client_idle_seconds = 7
header_bytes = 4096
streams = 7
connections_per_client = 9
[log]
destination = log/x.log
level = debug
[policy]
file = p.ini
)");
  CHECK(settings.gateway.lan_interfaces == (std::vector<std::string>{"eth1", "br-lan.20"}));
  CHECK_EQUAL(settings.gateway.workers, 3U);
  CHECK_EQUAL(settings.gateway.drain.count(), 0);
  CHECK(settings.gateway.ports == (std::vector<std::uint16_t>{443, 8443}));
  CHECK_EQUAL(settings.gateway.max_connections, 7U);
  CHECK_EQUAL(settings.listen.transparent.size(), 2U);
  CHECK(settings.listen.proxy.empty());
  CHECK(!settings.explicit_proxy.allow_lan_clients);
  CHECK_EQUAL(settings.explicit_proxy.allowed_clients.size(), 1U);
  CHECK_EQUAL(settings.explicit_proxy.connect_ports.size(), 1U);
  CHECK(settings.explicit_proxy.allowed_destinations[1].contains(*IpAddress::parse("192.168.1.1")));
  CHECK_EQUAL(settings.ca.certificate, "/etc/s/tls/ca.pem");
  CHECK_EQUAL(settings.ca.key, "/abs/ca.key");
  CHECK_EQUAL(settings.ca.pkcs12, "/etc/s/a, b.p12");
  CHECK_EQUAL(settings.ca.passphrase_file, "/etc/s/pass");
  CHECK_EQUAL(settings.ca.leaf_life.count(), 4'776);
  CHECK(settings.ca.issuing_ca == IssuingCa::no);
  CHECK_EQUAL(settings.ca.leaf_cache, 100U);
  CHECK(settings.upstream.source_address == SourceAddress::gateway);
  CHECK_EQUAL(settings.upstream.outgoing_ca_bundle, "/etc/s/roots.pem");
  CHECK(!settings.upstream.system_ca);
  CHECK(settings.upstream.min_tls == MinTls::tls13);
  CHECK(settings.upstream.invalid_origin == InvalidOrigin::alert);
  CHECK_EQUAL(settings.upstream.connect_timeout.count(), 1);
  CHECK_EQUAL(settings.upstream.idle_timeout.count(), 2);
  CHECK_EQUAL(settings.upstream.pool_idle.count(), 0);
  CHECK(settings.upstream.dns_servers ==
        (std::vector{*Endpoint::parse("9.9.9.9:53"), *Endpoint::parse("[2620:fe::fe]:5353"),
                     *Endpoint::parse("[2620:fe::9]:53")}));
  CHECK(settings.upstream.client_certificate_requested == ClientCertificateRequested::passthrough);
  CHECK(settings.intercept.no_sni == NoSni::refuse);
  CHECK(settings.intercept.not_tls == NotTls::pass);
  CHECK(settings.intercept.unknown_alpn == UnknownAlpn::pass);
  CHECK(settings.pinning.learn_passthrough);
  CHECK_EQUAL(settings.pinning.learn_after, 2U);
  CHECK_EQUAL(settings.pinning.learn.count(), 60);
  CHECK_EQUAL(settings.intercept.first_bytes.count(), 4);
  CHECK(settings.http.via);
  CHECK(settings.http.upgrades == (std::vector<std::string>{"websocket", "foo"}));
  CHECK_EQUAL(settings.limits.handshake.count(), 5);
  CHECK_EQUAL(settings.limits.header.count(), 6);
  CHECK_EQUAL(settings.limits.client_idle.count(), 7);
  CHECK_EQUAL(settings.limits.header_bytes, 4'096U);
  CHECK_EQUAL(settings.limits.streams, 7U);
  CHECK_EQUAL(settings.limits.connections_per_client, 9U);
  CHECK_EQUAL(settings.log.destination, "/etc/s/log/x.log");
  CHECK(settings.log.level == LogLevel::debug);
  CHECK_EQUAL(settings.policy.file, "/etc/s/p.ini");
}

TEST(five_different_mistakes_are_told_at_once) {
  CHECK_EQUAL(problems_of("[gateway]\n"
                          "worker = 2\n"
                          "drain_seconds = soon\n"
                          "[lissen]\n"
                          "proxy = 127.0.0.1:1\n"
                          "[ca]\n"
                          "leaf_hours = 24\n"
                          "leaf_hours = 48\n"
                          "this is not ini\n"
                          "[log]\n"
                          "proxy = 127.0.0.1:1\n"),
              "/etc/s/x.ini:2: unknown key 'worker' in [gateway]; did you mean 'workers'?\n"
              "/etc/s/x.ini:3: drain_seconds: expected a number from 0 to 3600, found 'soon'\n"
              "/etc/s/x.ini:4: unknown section [lissen]; did you mean 'listen'?\n"
              "/etc/s/x.ini:8: leaf_hours: takes one value and has one on line 7\n"
              "/etc/s/x.ini:9: expected [section] or key = value, found 'this is not ini'\n"
              "/etc/s/x.ini:11: unknown key 'proxy' in [log]; it belongs to [listen]\n");
}

TEST(bad_values_are_refused) {
  const std::pair<const char*, const char*> cases[] = {
      {"[gateway]\nlan_interfaces = an-interface-name\n", "expected the name of a network interface"},
      {"[gateway]\nlan_interfaces = eth0/1\n", "expected the name of a network interface"},
      {"[gateway]\nworkers = 0\n", "expected auto or a number from 1 to 256, found '0'"},
      {"[gateway]\nworkers =\n", "expected auto or a number from 1 to 256, found ''"},
      {"[gateway]\ndrain_seconds = 3601\n", "expected a number from 0 to 3600"},
      {"[gateway]\ndrain_seconds = -1\n", "expected a number from 0 to 3600, found '-1'"},
      {"[gateway]\ndrain_seconds = 30 seconds\n", "found '30 seconds'"},
      {"[gateway]\nports =\n", "ports: is empty"},
      {"[gateway]\nports = 443, 65536\n", "expected a number from 1 to 65535, found '65536'"},
      {"[gateway]\nmax_connections = 99999999999999999999999\n", "expected a number"},
      {"[listen]\nproxy = localhost:8080\n", "expected address:port"},
      {"[listen]\nproxy = 127.0.0.1:0\n", "expected address:port"},
      {"[explicit]\nallowed_clients = 10.0.0.0/33\n", "expected an address, a prefix or lan"},
      {"[explicit]\nallowed_destinations = lan\n", "expected an address or a prefix"},
      {"[ca]\nleaf_hours = 4777\n", "expected a number from 1 to 4776"},
      {"[ca]\nissuing_ca = maybe\n", "expected auto, yes or no, found 'maybe'"},
      {"[upstream]\nmin_tls = 1.1\n", "expected 1.2 or 1.3, found '1.1'"},
      {"[upstream]\ndns_servers = dns.example\n", "expected address:port"},
      {"[http]\nvia = true\n", "expected yes or no"},
      {"[http]\nupgrades = h2c\n", "it would hide every later request"},
      {"[http]\nupgrades = web socket\n", "expected an upgrade token"},
      {"[log]\ndestination = stdrr\n", "expected stderr, syslog or the path of a file"},
      {"[log]\nlevel = loud\n", "expected debug, info, warning or error"},
      {"[policy]\nfile =\n", "[policy] file is empty"},
      {"[listen]\ntransparent =\nproxy =\n", "opens nothing"},
      {"[listen]\ntransparent =\n[gateway]\nlan_interfaces = eth1\n", "has no address to send its clients to"},
      {"[listen]\ntransparent = 127.0.0.1:8080\n", "both name 127.0.0.1:8080"},
      {"[ca]\nkey =\n", "needs certificate and key, or pkcs12"},
      {"[upstream]\nsystem_ca = no\n", "trusts nobody"},
  };
  for (const auto& [text, reason] : cases) {
    const std::string problems = problems_of(text);
    if (problems.find(reason) != std::string::npos) continue;
    test::fail_check(__FILE__, __LINE__, std::string(text) + "gave: " + problems + "expected: " + reason);
  }
}

TEST(keys_that_need_a_restart_are_named) {
  const Settings running = settings_of("[listen]\nproxy = 127.0.0.1:1, 127.0.0.1:2\n");
  const Settings respaced = settings_of("[listen]\nproxy = 127.0.0.1:1\n  127.0.0.1:2\n[log]\nlevel = debug\n");
  CHECK(keys_awaiting_restart(running, respaced).empty());
  const Settings moved = settings_of("[listen]\nproxy = 127.0.0.1:3\n[gateway]\nworkers = 2\n");
  CHECK(keys_awaiting_restart(running, moved) == (std::vector<std::string>{"[gateway] workers", "[listen] proxy"}));
}

TEST(the_table_names_each_key_once) {
  std::ostringstream out;
  print_table(out);
  std::istringstream lines(out.str());
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    CHECK_EQUAL(std::count(line.begin(), line.end(), '\t'), 4);
    const std::size_t second = line.find('\t', line.find('\t') + 1);
    CHECK(seen.insert(line.substr(0, second)).second);
  }
  CHECK_EQUAL(seen.size(), default_settings().texts.size());
}

TEST(the_shipped_file_says_what_the_defaults_are) {
  Problems problems;
  const auto shipped = load_settings("etc/sallyport.ini", problems);
  for (const Problem& problem : problems) test::fail_check(__FILE__, __LINE__, to_string(problem));
  CHECK(shipped->texts == default_settings().texts);
}

TEST(suggests_near_words_only) {
  const std::string_view words[] = {"workers", "ports"};
  CHECK_EQUAL(did_you_mean("port", words), "; did you mean 'ports'?");
  CHECK_EQUAL(did_you_mean("wrokers", words), "; did you mean 'workers'?");
  CHECK_EQUAL(did_you_mean("colour", words), "");
  CHECK_EQUAL(did_you_mean(std::string(100'000, 'x'), words), "");
}

UNIT_MAIN(UNIT_TEST(an_empty_file_gives_the_defaults), UNIT_TEST(each_key_can_be_set),
          UNIT_TEST(five_different_mistakes_are_told_at_once), UNIT_TEST(bad_values_are_refused),
          UNIT_TEST(keys_that_need_a_restart_are_named), UNIT_TEST(the_table_names_each_key_once),
          UNIT_TEST(the_shipped_file_says_what_the_defaults_are), UNIT_TEST(suggests_near_words_only))
