// The commands of `sallyport`, each a function of its options that returns the exit status.
//
// One thread. The streams are the caller's.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace sallyport::cli {

struct Streams {
  std::ostream& out;
  std::ostream& err;
};

struct CaInit {
  std::string kind = "p256";
  std::string common_name;  // empty: one that differs from box to box
  int years = 10;
};

int ca_init(const std::string& config_path, const CaInit& options, Streams streams);
int ca_show(const std::string& config_path, bool with_pem, Streams streams);

// `client`: an address, or empty for none.
int explain(const std::string& config_path, const std::string& name, const std::string& client, Streams streams);

// What the running daemon says of itself.
int status(const std::string& config_path, bool as_json, Streams streams);

// Has the running daemon read its configuration anew; exit_configuration where that cannot be used.
int reload(const std::string& config_path, bool as_json, Streams streams);

// The link that opens the dashboard in a browser.
int dashboard(const std::string& config_path, bool as_json, Streams streams);

struct ConnectionsQuery {
  std::string client;
  std::string name;
  std::size_t limit = 1'000;
  bool json = false;
  bool watch = false;
  bool top = false;
  std::size_t pictures = 0;  // to show before it ends by itself; 0: it goes on
};
// What clients have open, the newest first; watched, again and again; as top, the busiest first.
int connections(const std::string& config_path, const ConnectionsQuery& query, Streams streams);

struct HistoryQuery {
  std::string client;
  std::string host;
  std::string verdict;
  std::string text;
  std::string status;
  std::string since;  // "15m", "2h", "3d", or seconds since 1970
  std::size_t limit = 50;
  bool json = false;
};
// Exchanges that the daemon has kept, the newest last.
int history(const std::string& config_path, const HistoryQuery& query, Streams streams);
// The same as an HTTP Archive (HAR 1.2).
int har(const std::string& config_path, const HistoryQuery& query, Streams streams);
// One of them, with everything known of it.
int show(const std::string& config_path, const std::string& request_id, bool as_json, Streams streams);

struct ReplayWish {
  std::string request_id;
  std::string to;                    // another host; empty: where it went
  std::vector<std::string> headers;  // "Name: value"
  bool json = false;
};
// Sends a request of the past once more, and shows how what came differs from what came then.
int replay(const std::string& config_path, const ReplayWish& wish, Streams streams);

struct CaptureWish {
  std::string name;
  std::string client;  // an address, or empty for any
  int seconds = 10;
  std::string output = "-";
};
// Writes what clients and origins of a name say to each other as pcapng, with the secrets that open it.
int capture(const std::string& config_path, const CaptureWish& wish, Streams streams);

// Which verdicts of the past the policy in `policy_path` would change. Reads the database itself: no daemon is needed.
int policy_diff(const std::string& config_path, const std::string& policy_path, const HistoryQuery& query,
                Streams streams);

// A line of [explicit] credentials_file for a password that is asked for, or read from the standard input.
int credentials(const std::string& name, Streams streams);

struct DoctorWish {
  bool json = false;
  bool probe = true;
  std::string steering;  // the steering script, where systemd does not run it
};
inline constexpr int exit_doctor_warning = 1;
inline constexpr int exit_doctor_failure = 2;
// Looks at everything between a client and its origin on this machine; the worst that was found is the exit status.
int run_doctor(const std::string& config_path, const DoctorWish& wish, Streams streams);

// For the steering script: what it must know of the settings, as KEY=VALUE lines.
int steering_settings(const std::string& config_path, Streams streams);

}  // namespace sallyport::cli
