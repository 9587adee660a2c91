#include "settings_table.hpp"

#include "value_readers.hpp"

namespace sallyport::config {
namespace {

using S = Settings;
using G = Given;
using enum Shape;
using enum Effect;

constexpr unsigned long longest_wait = 86'400;  // a day, in seconds
constexpr unsigned long longest_leaf = 4'776;   // 199 days, in hours: clients refuse leaves of more than 200

Result<void> read_workers(std::string_view text, unsigned& workers) {
  if (text == "auto") {
    workers = 0;
    return {};
  }
  if (!read_number(text, workers, 1, 256)) {
    return fail(ErrorKind::config, "expected auto or a number from 1 to 256, found '" + std::string(text) + "'");
  }
  return {};
}

Result<void> read_allowed_client(std::string_view text, Settings::Explicit& section) {
  if (text == "lan") {
    section.allow_lan_clients = true;
    return {};
  }
  if (!read_prefix(text, section.allowed_clients)) {
    return fail(ErrorKind::config, "expected an address, a prefix or lan, found '" + std::string(text) + "'");
  }
  return {};
}

// clang-format off
constexpr Row rows[] = {
  {"gateway", "lan_interfaces", "", any, reload,
   [](S& s, const G& g) { return read_interface(g.text, s.gateway.lan_interfaces); },
   "clients behind these are intercepted; empty: no kernel rules are installed"},
  {"gateway", "workers", "auto", one, restart,
   [](S& s, const G& g) { return read_workers(g.text, s.gateway.workers); },
   "threads that carry connections; auto: one a core"},
  {"gateway", "drain_seconds", "30", one, reload,
   [](S& s, const G& g) { return read_duration(g.text, s.gateway.drain, 0, 3'600); },
   "how long connections may go on after SIGTERM"},
  {"gateway", "ports", "443", some, reload,
   [](S& s, const G& g) { return read_port(g.text, s.gateway.ports); },
   "TCP ports whose connections are intercepted"},
  {"gateway", "max_connections", "50000", one, reload,
   [](S& s, const G& g) { return read_number(g.text, s.gateway.max_connections, 1, 10'000'000); },
   "client connections at a time; further ones are refused"},
  {"gateway", "when_stopped", "closed", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.gateway.when_stopped,
       {{"closed", WhenStopped::closed}, {"open", WhenStopped::open}}); },
   "what becomes of clients' new connections while the daemon is away: closed: none gets through; open: they pass unseen"},
  {"gateway", "steering_queue", "1", one, reload,
   [](S& s, const G& g) { return read_number(g.text, s.gateway.steering_queue, 0, 65'535); },
   "number of the NFQUEUE by which the daemon is asked for each new connection where when_stopped is open"},

  {"listen", "transparent", "0.0.0.0:8443, [::]:8443", any, restart,
   [](S& s, const G& g) { return read_endpoint(g.text, s.listen.transparent); },
   "where the kernel hands over intercepted connections; empty: off"},
  {"listen", "transparent_http", "", any, restart,
   [](S& s, const G& g) { return read_endpoint(g.text, s.listen.transparent_http); },
   "the same for plain HTTP: TCP port 80 is steered here; empty: off"},
  {"listen", "proxy", "127.0.0.1:8080", any, restart,
   [](S& s, const G& g) { return read_endpoint(g.text, s.listen.proxy); },
   "CONNECT and http:// requests; empty: off"},
  {"listen", "proxy_tls", "", any, restart,
   [](S& s, const G& g) { return read_endpoint(g.text, s.listen.proxy_tls); },
   "the same inside TLS; empty: off"},
  {"listen", "proxy_name", "sallyport.internal", one, reload,
   [](S& s, const G& g) { return read_host_name(g.text, s.listen.proxy_name); },
   "the proxy's own name: on its certificate, for CONNECT to itself, and of its onboarding page"},
  {"listen", "max_nesting", "3", one, reload,
   [](S& s, const G& g) { return read_number(g.text, s.listen.max_nesting, 0, 16); },
   "how many tunnels to the proxy itself may be inside one another"},
  {"listen", "proxy_protocol_from", "", any, reload,
   [](S& s, const G& g) { return read_prefix(g.text, s.listen.proxy_protocol_from); },
   "senders that must say by a PROXY header whom they connect for, on proxy, proxy_tls and onboarding"},
  {"listen", "onboarding", "", any, restart,
   [](S& s, const G& g) { return read_endpoint(g.text, s.listen.onboarding); },
   "where clients fetch the CA certificate, by HTTP; empty: off"},
  {"listen", "dashboard", "127.0.0.1:8081", any, restart,
   [](S& s, const G& g) { return read_endpoint(g.text, s.listen.dashboard); },
   "the dashboard and the API for browsers: plain HTTP on loopback addresses, TLS on others; empty: off"},

  {"explicit", "allowed_clients", "127.0.0.0/8, ::1/128, lan", any, reload,
   [](S& s, const G& g) { return read_allowed_client(g.text, s.explicit_proxy); },
   "who may use the proxy; lan: whatever is behind lan_interfaces"},
  {"explicit", "credentials_file", "", one, reload,
   [](S& s, const G& g) { return read_path(g, s.explicit_proxy.credentials_file); },
   "file of name:hash lines; with it, every client of the proxy needs a name and a password"},
  {"explicit", "connect_ports", "443, 80", some, reload,
   [](S& s, const G& g) { return read_port(g.text, s.explicit_proxy.connect_ports); },
   "ports that may be asked for"},
  {"explicit", "allowed_destinations", "", any, reload,
   [](S& s, const G& g) { return read_prefix(g.text, s.explicit_proxy.allowed_destinations); },
   "prefixes to dial although they are loopback, link-local, the gateway's own or, by proxy, private"},

  {"ca", "certificate", "/etc/sallyport/ca.crt", one, reload,
   [](S& s, const G& g) { return read_path(g, s.ca.certificate); },
   "PEM certificate of the CA, perhaps with its chain behind it"},
  {"ca", "key", "/etc/sallyport/ca.key", one, reload,
   [](S& s, const G& g) { return read_path(g, s.ca.key); },
   "PEM private key of the CA"},
  {"ca", "pkcs12", "", one, reload,
   [](S& s, const G& g) { return read_path(g, s.ca.pkcs12); },
   "PKCS#12 file used instead of certificate and key"},
  {"ca", "passphrase_file", "", one, reload,
   [](S& s, const G& g) { return read_path(g, s.ca.passphrase_file); },
   "file whose first line opens the key or the PKCS#12 file"},
  {"ca", "leaf_hours", "24", one, reload,
   [](S& s, const G& g) { return read_duration(g.text, s.ca.leaf_life, 1, longest_leaf); },
   "life of a minted leaf"},
  {"ca", "issuing_ca", "auto", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.ca.issuing_ca,
       {{"auto", IssuingCa::automatic}, {"yes", IssuingCa::yes}, {"no", IssuingCa::no}}); },
   "sign leaves by an in-memory intermediate; auto: for RSA roots"},
  {"ca", "leaf_cache", "65536", one, restart,
   [](S& s, const G& g) { return read_number(g.text, s.ca.leaf_cache, 1, 10'000'000); },
   "minted leaves kept in memory"},

  {"upstream", "source_address", "client", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.upstream.source_address,
       {{"client", SourceAddress::client}, {"gateway", SourceAddress::gateway}}); },
   "whose address origins see"},
  {"upstream", "outgoing_ca_bundle", "", one, reload,
   [](S& s, const G& g) { return read_path(g, s.upstream.outgoing_ca_bundle); },
   "PEM file of roots trusted beside the system's"},
  {"upstream", "system_ca", "yes", one, reload,
   [](S& s, const G& g) { return read_yes_no(g.text, s.upstream.system_ca); },
   "trust the system's roots"},
  {"upstream", "min_tls", "1.2", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.upstream.min_tls,
       {{"1.2", MinTls::tls12}, {"1.3", MinTls::tls13}}); },
   "lowest TLS version spoken with origins"},
  {"upstream", "invalid_origin", "page", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.upstream.invalid_origin,
       {{"page", InvalidOrigin::page}, {"alert", InvalidOrigin::alert}}); },
   "what clients of an unacceptable origin get: a 502 page or a TLS alert"},
  {"upstream", "connect_timeout_seconds", "10", one, reload,
   [](S& s, const G& g) { return read_duration(g.text, s.upstream.connect_timeout, 1, longest_wait); },
   "for the TCP connection to an origin"},
  {"upstream", "idle_timeout_seconds", "300", one, reload,
   [](S& s, const G& g) { return read_duration(g.text, s.upstream.idle_timeout, 1, longest_wait); },
   "silence of an origin, in a body or in a tunnel before the connection is ended"},
  {"upstream", "pool_idle_seconds", "30", one, reload,
   [](S& s, const G& g) { return read_duration(g.text, s.upstream.pool_idle, 0, longest_wait); },
   "how long an idle connection to an origin is kept for reuse; 0: no pooling"},
  {"upstream", "dns_servers", "", any, reload,
   [](S& s, const G& g) { return read_dns_server(g.text, s.upstream.dns_servers); },
   "addresses, each perhaps with a port; empty: as the system does"},
  {"upstream", "client_certificate_requested", "none", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.upstream.client_certificate_requested,
       {{"none", ClientCertificateRequested::none}, {"refuse", ClientCertificateRequested::refuse},
        {"passthrough", ClientCertificateRequested::passthrough}}); },
   "origins that ask for a client certificate nobody configured: send none, refuse, or relay later connections unopened"},

  {"intercept", "no_sni", "connect", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.intercept.no_sni,
       {{"connect", NoSni::connect}, {"refuse", NoSni::refuse}}); },
   "clients that send no name: connect asks the origin for its names"},
  {"intercept", "not_tls", "refuse", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.intercept.not_tls,
       {{"refuse", NotTls::refuse}, {"pass", NotTls::pass}}); },
   "connections that do not begin with TLS: refuse, or relay as they are"},
  {"intercept", "unknown_alpn", "refuse", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.intercept.unknown_alpn,
       {{"refuse", UnknownAlpn::refuse}, {"pass", UnknownAlpn::pass}}); },
   "protocols inside TLS that are not HTTP: refuse, or relay between the two TLS sessions"},
  {"intercept", "first_bytes_seconds", "5", one, reload,
   [](S& s, const G& g) { return read_duration(g.text, s.intercept.first_bytes, 1, longest_wait); },
   "for a client to send the first bytes of its ClientHello"},

  {"http", "via", "no", one, reload,
   [](S& s, const G& g) { return read_yes_no(g.text, s.http.via); },
   "add a Via field to forwarded messages"},
  {"http", "upgrades", "websocket", any, reload,
   [](S& s, const G& g) { return read_upgrade_token(g.text, s.http.upgrades); },
   "Upgrade tokens that are relayed; empty: none"},

  {"pinning", "learn_passthrough", "off", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.pinning.learn_passthrough, {{"off", false}, {"on", true}}); },
   "relay unopened what refuses our certificates; off: it is only shown"},
  {"pinning", "learn_after", "3", one, reload,
   [](S& s, const G& g) { return read_number(g.text, s.pinning.learn_after, 1, 1'000); },
   "certificates refused without one accepted before a client counts as pinned"},
  {"pinning", "learn_seconds", "86400", one, reload,
   [](S& s, const G& g) { return read_duration(g.text, s.pinning.learn, 1, 31'536'000); },
   "how long a learnt passthrough holds"},

  {"limits", "handshake_seconds", "10", one, reload,
   [](S& s, const G& g) { return read_duration(g.text, s.limits.handshake, 1, longest_wait); },
   "for the rest of a ClientHello, the TLS handshake with the client, and the one with the origin"},
  {"limits", "header_seconds", "15", one, reload,
   [](S& s, const G& g) { return read_duration(g.text, s.limits.header, 1, longest_wait); },
   "for a client to send the whole head of a request"},
  {"limits", "client_idle_seconds", "75", one, reload,
   [](S& s, const G& g) { return read_duration(g.text, s.limits.client_idle, 1, longest_wait); },
   "silence of a client between requests before its connection is closed"},
  {"limits", "header_bytes", "65536", one, reload,
   [](S& s, const G& g) { return read_number(g.text, s.limits.header_bytes, 4'096, 1'048'576); },
   "size of the head of a request or response"},
  {"limits", "streams", "100", one, reload,
   [](S& s, const G& g) { return read_number(g.text, s.limits.streams, 1, 10'000); },
   "requests that a client may have open at a time on one HTTP/2 connection"},
  {"limits", "connections_per_client", "4000", one, reload,
   [](S& s, const G& g) { return read_number(g.text, s.limits.connections_per_client, 1, 10'000'000); },
   "connections of one client address at a time"},

  {"quic", "action", "policy", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.quic.action,
       {{"policy", QuicAction::policy}, {"block", QuicAction::block}, {"allow", QuicAction::allow}}); },
   "QUIC of LAN clients: judge it by name, refuse all of it, or let all of it pass unseen"},
  {"quic", "undetermined", "block", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.quic.undetermined,
       {{"block", Undetermined::block}, {"allow", Undetermined::allow}}); },
   "what happens to UDP on those ports in which no name can be read"},
  {"quic", "queue", "0", one, reload,
   [](S& s, const G& g) { return read_number(g.text, s.quic.queue, 0, 65'535); },
   "number of the NFQUEUE that such packets go through"},

  {"log", "destination", "stderr", one, restart,
   [](S& s, const G& g) { return read_log_destination(g, s.log.destination); },
   "stderr, syslog, or the path of a file"},
  {"log", "level", "info", one, reload,
   [](S& s, const G& g) { return read_choice(g.text, s.log.level,
       {{"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warning", LogLevel::warning},
        {"error", LogLevel::error}}); },
   "debug, info, warning or error; exchanges are logged at info"},

  {"control", "socket", "/run/sallyport/control.sock", one, restart,
   [](S& s, const G& g) { return read_path(g, s.control.socket); },
   "where the sallyport command asks the daemon; empty: off"},
  {"control", "token_file", "/var/lib/sallyport/dashboard.token", one, restart,
   [](S& s, const G& g) { return read_path(g, s.control.token_file); },
   "what the dashboard asks for; made where there is none; empty: another one after each start"},
  {"control", "dashboard_files", "/usr/share/sallyport/dashboard", one, restart,
   [](S& s, const G& g) { return read_path(g, s.control.dashboard_files); },
   "the folder with the dashboard's pages"},

  {"history", "database", "/var/lib/sallyport/history.db", one, restart,
   [](S& s, const G& g) { return read_path(g, s.history.database); },
   "where exchanges are kept for sallyport history; empty: nowhere"},
  {"history", "max_rows", "1000000", one, reload,
   [](S& s, const G& g) { return read_number(g.text, s.history.max_rows, 1, 1'000'000'000); },
   "exchanges kept; the oldest go first"},
  {"history", "max_bytes", "1 GiB", one, reload,
   [](S& s, const G& g) { return read_bytes(g.text, s.history.max_bytes, 1 << 20); },
   "size of the database beyond which the oldest go"},
  {"history", "body_bytes", "0", one, reload,
   [](S& s, const G& g) { return read_bytes(g.text, s.history.body_bytes, 0); },
   "kept of each body, from its start"},

  {"policy", "file", "/etc/sallyport/policy.ini", one, reload,
   [](S& s, const G& g) { return read_path(g, s.policy.file); },
   "the rules, see sallyport-policy(5)"},
};
// clang-format on

}  // namespace

std::span<const Row> settings_table() { return rows; }

}  // namespace sallyport::config
