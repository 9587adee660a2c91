// Context: what the checks of `sallyport doctor` look at, read once; and through which they do what takes a while.
//
// Belongs to whoever runs the checks, on one thread, and outlives them. Whatever is read from the machine comes through
// a member here, so that a check can be shown a machine that is broken.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/config/settings.hpp"
#include "sallyport/doctor/firewall_rules.hpp"
#include "sallyport/netfilter/policy_routing.hpp"
#include "sallyport/netfilter/routing_rules.hpp"

namespace sallyport::doctor {

struct Command {
  std::vector<std::string> words;  // the program is looked for where the system's own are
  std::string input = {};
  int network = -1;  // the network namespace to run it in; -1: this one
};

struct Outcome {
  int status = 0;  // 127: there is no such program
  std::string out;
  std::string err;
};

// The running daemon, as its control socket tells.
struct Daemon {
  bool answers = false;
  std::string why_not;
  pid_t process = 0;  // 0: not known
  uid_t user = 0;
  std::string ca_fingerprint;  // "AB:CD:…", empty: not known
  std::chrono::seconds up{0};
};

// A client that the LAN interface has heard of, and that this machine would answer by another one.
struct Astray {
  IpAddress client;
  std::string lan;
  std::string routed_to;
};

struct Context {
  config::Settings settings;
  std::string config_path;
  std::string program = "sallyport";  // how this command is called here
  std::string steering;               // the steering script; empty: systemd's service runs it
  bool service = true;                // whether systemd runs the daemon
  bool root = true;
  std::chrono::sys_seconds now;
  Daemon daemon;
  std::optional<FirewallRules> v4;  // none: they could not be read, or the kernel has no such family
  std::optional<FirewallRules> v6;
  std::string rules_error;  // why `v4` could not be read
  std::vector<netfilter::RoutingRule> routing_rules;
  std::vector<netfilter::TableRoute> table_routes;  // of our policy routes' table
  netfilter::PolicyRoutesState policy_routes;
  std::vector<Astray> astray;
  int empty_network = -1;   // a network namespace in which nobody is; -1: none could be made
  std::string system_root;  // stands in front of /proc and /sys

  std::function<Outcome(const Command&)> run;
  std::function<Result<void>()> resolve;  // asks the daemon's name servers for a name; success: they answer

  // The text of a file below /proc or /sys without the line's end; nullopt where there is none to read.
  [[nodiscard]] std::optional<std::string> system_file(const std::string& path) const;
  // A number in one, 0 where there is none.
  [[nodiscard]] long long system_number(const std::string& path) const;
  [[nodiscard]] bool system_has(const std::string& path) const;
  [[nodiscard]] bool has_ipv6() const { return system_has("/proc/net/if_inet6"); }

  // What an admin types to have it done: put the kernel's rules up anew, start or restart the daemon, call this
  // command.
  [[nodiscard]] std::string put_rules_up() const;
  [[nodiscard]] std::string start_daemon() const;
  [[nodiscard]] std::string restart_daemon() const;
  [[nodiscard]] std::string this_command(const std::string& arguments) const;
};

// As a shell reads it as one word.
[[nodiscard]] std::string shell_word(const std::string& text);

// Runs a program to its end, 20 seconds at most. Blocks.
[[nodiscard]] Outcome run_command(const Command& command);

}  // namespace sallyport::doctor
