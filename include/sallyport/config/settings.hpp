// Settings: what sallyport.ini says, checked and typed. One struct a section, one member a key.
//
// A value; the daemon shares it as an immutable snapshot. The meaning, default and bounds of each key stand
// in one table (src/config/settings_table.cpp), which the shipped file and the manual page are checked against.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/config/ini.hpp"
#include "sallyport/config/problem.hpp"

namespace sallyport::config {

using std::chrono::hours;
using std::chrono::seconds;

enum class WhenStopped { closed, open };
enum class IssuingCa { automatic, yes, no };
enum class SourceAddress { client, gateway };
enum class MinTls { tls12, tls13 };
enum class InvalidOrigin { page, alert };
enum class NoSni { connect, refuse };
enum class NotTls { refuse, pass };
enum class UnknownAlpn { refuse, pass };
enum class ClientCertificateRequested { none, refuse, passthrough };
enum class QuicAction { policy, block, allow };
enum class Undetermined { block, allow };
enum class LogLevel { debug, info, warning, error };

struct Settings {
  struct Gateway {
    std::vector<std::string> lan_interfaces;
    unsigned workers = 0;  // 0: one a core
    seconds drain{};
    std::vector<std::uint16_t> ports;
    std::size_t max_connections = 0;
    WhenStopped when_stopped{};
    std::uint16_t steering_queue = 0;
  } gateway;

  struct Listen {
    std::vector<Endpoint> transparent;
    std::vector<Endpoint> transparent_http;
    std::vector<Endpoint> proxy;
    std::vector<Endpoint> proxy_tls;
    std::string proxy_name;    // canonical
    unsigned max_nesting = 0;  // tunnels to ourselves inside one another
    std::vector<Prefix> proxy_protocol_from;
    std::vector<Endpoint> onboarding;
    std::vector<Endpoint> dashboard;
  } listen;

  struct Explicit {
    std::vector<Prefix> allowed_clients;
    bool allow_lan_clients = false;  // the word `lan` in allowed_clients
    std::string credentials_file;    // empty: clients need no password
    std::vector<std::uint16_t> connect_ports;
    std::vector<Prefix> allowed_destinations;
  } explicit_proxy;

  struct Ca {
    std::string certificate;
    std::string key;
    std::string pkcs12;  // where not empty: instead of certificate and key
    std::string passphrase_file;
    hours leaf_life{};
    IssuingCa issuing_ca{};
    std::size_t leaf_cache = 0;  // entries
  } ca;

  struct Upstream {
    SourceAddress source_address{};
    std::string outgoing_ca_bundle;  // empty: none
    bool system_ca = false;
    MinTls min_tls{};
    InvalidOrigin invalid_origin{};
    seconds connect_timeout{};
    seconds idle_timeout{};
    seconds pool_idle{};                // 0: no pooling
    std::vector<Endpoint> dns_servers;  // empty: as the system does
    ClientCertificateRequested client_certificate_requested{};
  } upstream;

  struct Intercept {
    NoSni no_sni{};
    NotTls not_tls{};
    UnknownAlpn unknown_alpn{};
    seconds first_bytes{};
  } intercept;

  struct Http {
    bool via = false;
    std::vector<std::string> upgrades;  // lower-case tokens
  } http;

  struct Pinning {
    bool learn_passthrough = false;
    unsigned learn_after = 0;  // refused leaves
    seconds learn{};           // how long what was learnt holds
  } pinning;

  struct Limits {
    seconds handshake{};
    seconds header{};
    seconds client_idle{};
    std::size_t header_bytes = 0;
    std::uint32_t streams = 0;
    std::size_t connections_per_client = 0;
  } limits;

  struct Quic {
    QuicAction action{};
    Undetermined undetermined{};
    std::uint16_t queue = 0;  // NFQUEUE's number
  } quic;

  struct Log {
    std::string destination;  // "stderr", "syslog", or the path of a file
    LogLevel level{};
  } log;

  struct History {
    std::string database;  // empty: none is kept
    std::uint64_t max_rows = 0;
    std::uint64_t max_bytes = 0;
    std::uint64_t body_bytes = 0;
  } history;

  struct Control {
    std::string socket;      // empty: none
    std::string token_file;  // empty: none
    std::string dashboard_files;
  } control;

  struct Policy {
    std::string file;
  } policy;

  // The text of every key in the table's order, blanks and list separators made uniform.
  std::vector<std::string> texts;
};

// Every key at its default; relative paths and the like are as if written in the file `path`.
[[nodiscard]] Settings default_settings(const std::string& path = "/etc/sallyport/sallyport.ini");

// Reads `path`. Adds every mistake to `problems`; gives nothing when there was any. Relative paths among the
// values are made to start at the folder of `path`.
[[nodiscard]] std::optional<Settings> load_settings(const std::string& path, Problems& problems);

// The same for a file already read.
[[nodiscard]] std::optional<Settings> settings_from(const IniFile& file, Problems& problems);

// "[listen] transparent", …: the keys that differ and take effect at a restart alone.
[[nodiscard]] std::vector<std::string> keys_awaiting_restart(const Settings& running, const Settings& loaded);

// The table: a line a key, "section TAB key TAB default TAB reload|restart TAB meaning".
void print_table(std::ostream& out);

[[nodiscard]] std::string_view name_of(LogLevel level);

}  // namespace sallyport::config
