#include "sallyport/cli/program.hpp"

#include <exception>
#include <functional>
#include <iostream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "sallyport/config/settings.hpp"
#include "sallyport/crypto/openssl.hpp"
#include "sallyport/gateway/check_configuration.hpp"
#include "sallyport/netfilter/kernel_settings.hpp"
#include "sallyport/netfilter/kernel_watch.hpp"
#include "sallyport/netfilter/policy_routing.hpp"

#include "commands.hpp"

namespace sallyport::cli {
namespace {

// What the command line may say. Each add_… function declares commands that belong together, and what runs them.
class CommandLine {
 public:
  CommandLine() : app_("Manages sallyport, a TLS interception gateway. See sallyport(1).", "sallyport") {
    app_.set_version_flag("--version", "sallyport " SALLYPORT_VERSION);
    app_.add_option("--config", config_, "The settings")->type_name("FILE")->capture_default_str();
    app_.require_subcommand(1);
    app_.fallthrough();
    add_authority();
    add_policy();
    add_present();
    add_past();
    add_internal();
  }

  CLI::App& app() { return app_; }

  int run_given(Streams streams) const {
    for (const auto& [given, run] : commands_) {
      if (given->parsed()) return run(streams);
    }
    return exit_usage;
  }

 private:
  using Run = std::function<int(Streams)>;

  CLI::App* command(CLI::App& parent, const char* name, const char* help, Run run) {
    CLI::App* const made = parent.add_subcommand(name, help);
    commands_.emplace_back(made, std::move(run));
    return made;
  }

  void add_authority() {
    CLI::App* ca = app_.add_subcommand("ca", "Make or show the CA");
    ca->require_subcommand(1);
    CLI::App* init = command(*ca, "init", "Make a CA where [ca] of the settings says; overwrites nothing",
                             [this](Streams streams) { return ca_init(config_, ca_init_, streams); });
    init->add_option("--kind", ca_init_.kind, "Kind of key")
        ->check(CLI::IsMember({"p256", "p384", "rsa-4096"}))
        ->capture_default_str();
    init->add_option("--name", ca_init_.common_name, "Common name; otherwise one of this machine's own")
        ->type_name("TEXT");
    init->add_option("--years", ca_init_.years, "Life")->check(CLI::Range(1, 30))->capture_default_str();
    CLI::App* show = command(*ca, "show", "Print the CA certificate and its fingerprint",
                             [this](Streams streams) { return ca_show(config_, !no_pem_, streams); });
    show->add_flag("--no-pem", no_pem_, "Without the certificate itself");
  }

  void add_policy() {
    command(app_, "check", "Report every mistake in settings, policy and CA",
            [this](Streams streams) { return gateway::check_configuration(config_, "", streams.out, streams.err); });
    CLI::App* why = command(app_, "explain", "Say what policy makes of a name, and why",
                            [this](Streams streams) { return explain(config_, name_, client_, streams); });
    why->add_option("NAME", name_, "A host name or an address")->required();
    why->add_option("--client", client_, "As it is for the client with this address")->type_name("ADDRESS");
    CLI::App* user = command(app_, "credentials", "Make a line of [explicit] credentials_file, for a new password",
                             [this](Streams streams) { return credentials(name_, streams); });
    user->add_option("NAME", name_, "Who it is for")->required();
  }

  void add_present() {
    CLI::App* state = command(app_, "status", "Say what the running daemon does",
                              [this](Streams streams) { return status(config_, json_, streams); });
    state->add_flag("--json", json_, "For machines");
    CLI::App* doctor = command(app_, "doctor", "Find out what stands between clients and origins, and how to mend it",
                               [this](Streams streams) { return run_doctor(config_, doctor_, streams); });
    doctor->add_flag("--json", doctor_.json, "For machines");
    doctor->add_flag("!--no-probe", doctor_.probe, "Without a connection of its own");
    doctor->add_option("--steering", doctor_.steering, "The steering script, where systemd does not run it")
        ->type_name("FILE");
    CLI::App* anew = command(app_, "reload", "Have the running daemon read its configuration anew",
                             [this](Streams streams) { return reload(config_, json_, streams); });
    anew->add_flag("--json", json_, "For machines");
    CLI::App* pages = command(app_, "dashboard", "Print the link that opens the dashboard",
                              [this](Streams streams) { return dashboard(config_, json_, streams); });
    pages->add_flag("--json", json_, "For machines");
    CLI::App* open = command(app_, "connections", "List what clients have open, the newest first",
                             [this](Streams streams) { return connections(config_, connections_, streams); });
    open->add_option("--limit", connections_.limit, "At most so many")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    open->add_flag("--json", connections_.json, "For machines");
    open->add_flag("--watch", connections_.watch, "Again each second, with what moves");
    CLI::App* packets = command(app_, "capture", "Record a name's connections from now on, decrypted, for Wireshark",
                                [this](Streams streams) { return capture(config_, capture_, streams); });
    packets->add_option("--name", capture_.name, "To this host; *.example.com: to all below it")
        ->type_name("NAME")
        ->required();
    packets->add_option("--client", capture_.client, "Of the client with this address")->type_name("ADDRESS");
    packets->add_option("--seconds", capture_.seconds, "For so long")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    packets->add_option("--output", capture_.output, "Into this file; -: to the standard output")
        ->type_name("FILE")
        ->capture_default_str();
    CLI::App* busy = command(app_, "top", "Watch the connections that move the most", [this](Streams streams) {
      connections_.top = true;
      return connections(config_, connections_, streams);
    });
    for (CLI::App* const one : {open, busy}) {
      one->add_option("--client", connections_.client, "Of the client with this address")->type_name("ADDRESS");
      one->add_option("--name", connections_.name, "To targets with this in their name")->type_name("TEXT");
      one->add_option("--count", connections_.pictures, "When watching, end after so many pictures")
          ->check(CLI::Range(1, 1'000'000));
    }
  }

  void add_past() {
    CLI::App* past = command(app_, "history", "List past exchanges, the newest last",
                             [this](Streams streams) { return history(config_, history_, streams); });
    past->add_flag("--json", history_.json, "For machines");
    CLI::App* archive = command(app_, "har", "Print past exchanges as an HTTP Archive (HAR 1.2)",
                                [this](Streams streams) { return har(config_, history_, streams); });
    CLI::App* again = command(app_, "replay", "Send a past request once more, and show what comes of it now",
                              [this](Streams streams) { return replay(config_, replay_, streams); });
    again->add_option("ID", replay_.request_id, "The exchange's request id")->required();
    again->add_option("--to", replay_.to, "To this host in place of the one it went to")->type_name("HOST[:PORT]");
    again
        ->add_option("--header", replay_.headers,
                     "With this field in place of what it had; without a value: without it")
        ->type_name("'NAME: VALUE'")
        ->take_all()
        ->allow_extra_args(false);
    again->add_flag("--json", replay_.json, "For machines");
    CLI::App* policy = app_.add_subcommand("policy", "Compare policies");
    policy->require_subcommand(1);
    CLI::App* diff = command(*policy, "diff", "List the verdicts of the past that another policy would change",
                             [this](Streams streams) {
                               history_.limit = most_judged_;
                               return policy_diff(config_, name_, history_, streams);
                             });
    diff->add_option("FILE", name_, "The policy that is thought of")->required();
    diff->add_flag("--json", history_.json, "For machines");
    for (CLI::App* const one : {past, archive, diff}) {
      one->add_option("--client", history_.client, "Of the client with this address")->type_name("ADDRESS");
      one->add_option("--host", history_.host, "To hosts with this in their name")->type_name("TEXT");
      one->add_option("--verdict", history_.verdict, "With this verdict, such as BLACK-LISTED")->type_name("NAME");
      one->add_option("--status", history_.status, "With this status, or first digit of one")->type_name("NUMBER");
      one->add_option("--since", history_.since, "Of the last 30s, 15m, 2h, 3d")->type_name("TIME");
      one->add_option("--text", history_.text, "With this anywhere in the log line")->type_name("TEXT");
    }
    for (CLI::App* const one : {past, archive}) {
      one->add_option("--limit", history_.limit, "At most so many")
          ->check(CLI::Range(1, 10'000))
          ->capture_default_str();
    }
    diff->add_option("--limit", most_judged_, "The newest so many; otherwise all")->check(CLI::PositiveNumber);
    CLI::App* one = command(app_, "show", "Tell all that is known of one exchange",
                            [this](Streams streams) { return show(config_, name_, json_, streams); });
    one->add_option("ID", name_, "Its request id, as in the log, at the origin and on a block page")->required();
    one->add_flag("--json", json_, "For machines");
  }

  // Without a group they are not listed: other programs of the package call them.
  void add_internal() {
    command(app_, "settings-table", "Print every key of the settings", [](Streams streams) {
      config::print_table(streams.out);
      return 0;
    })->group("");
    command(app_, "steering-settings", "Print what the kernel rules need", [this](Streams streams) {
      return steering_settings(config_, streams);
    })->group("");
    CLI::App* routes = command(app_, "policy-routes", "Put up or take down the policy routes", [this](Streams streams) {
      return netfilter::run_policy_routes(policy_routes_, streams.out, streams.err);
    });
    routes->group("")->add_option("VERB", policy_routes_, "up, down, status or show");
    CLI::App* settings =
        command(app_, "kernel-check", "Say what of the kernel's settings is in the way",
                [this](Streams streams) { return netfilter::run_kernel_check(lan_interfaces_, streams.out); });
    settings->group("")->add_option("INTERFACE", lan_interfaces_, "Where clients are");
    CLI::App* watch =
        command(app_, "kernel-watch", "Keep the kernel rules as they were put up",
                [this](Streams streams) { return netfilter::run_kernel_watch(kernel_watch_, streams.err); });
    watch->group("")->add_option("--wanted", kernel_watch_.wanted, "There while the rules are wanted")->required();
    watch->add_option("COMMAND", kernel_watch_.mend, "What looks and mends, behind --")->required();
  }

  CLI::App app_;
  std::vector<std::pair<CLI::App*, Run>> commands_;
  std::string config_ = "/etc/sallyport/sallyport.ini";
  CaInit ca_init_;
  bool no_pem_ = false;
  std::string name_;
  std::string client_;
  bool json_ = false;
  ConnectionsQuery connections_;
  HistoryQuery history_;
  ReplayWish replay_;
  CaptureWish capture_;
  DoctorWish doctor_;
  std::size_t most_judged_ = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string> policy_routes_;
  std::vector<std::string> lan_interfaces_;
  netfilter::KernelWatchOptions kernel_watch_;
};

}  // namespace

int run(int count, const char* const* arguments, std::ostream& out, std::ostream& err) {
  CommandLine line;
  try {
    line.app().parse(count, arguments);
  } catch (const CLI::ParseError& ending) {
    return line.app().exit(ending, out, err) == 0 ? 0 : exit_usage;
  }
  if (const auto started = crypto::initialise(); !started) {
    err << started.error().reason << '\n';
    return exit_failure;
  }
  const int status = line.run_given({out, err});
  // A full disk or a closed pipe must not look like success: scripts read what is printed here.
  if (!out.flush() && status == 0) {
    err << "the output could not be written\n";
    return exit_failure;
  }
  return status;
}

}  // namespace sallyport::cli
