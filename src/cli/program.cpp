#include "sallyport/cli/program.hpp"

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "sallyport/config/settings.hpp"
#include "sallyport/crypto/openssl.hpp"
#include "sallyport/gateway/check_configuration.hpp"
#include "sallyport/netfilter/policy_routing.hpp"

#include "commands.hpp"

namespace sallyport::cli {
namespace {

struct Options {
  std::string config = "/etc/sallyport/sallyport.ini";
  CaInit ca_init;
  bool no_pem = false;
  std::string name;
  std::string client;
  bool json = false;
  HistoryQuery history;
  std::vector<std::string> policy_routes;
};

// The commands' handles, to ask which of them was given.
struct Commands {
  CLI::App* ca_init;
  CLI::App* ca_show;
  CLI::App* check;
  CLI::App* explain;
  CLI::App* status;
  CLI::App* history;
  CLI::App* show;
  CLI::App* credentials;
  CLI::App* settings_table;
  CLI::App* steering_settings;
  CLI::App* policy_routes;
};

Commands declare(CLI::App& app, Options& options) {
  app.set_version_flag("--version", "sallyport " SALLYPORT_VERSION);
  app.add_option("--config", options.config, "The settings")->type_name("FILE")->capture_default_str();
  app.require_subcommand(1);
  app.fallthrough();

  CLI::App* ca = app.add_subcommand("ca", "Make or show the CA");
  ca->require_subcommand(1);
  CLI::App* init = ca->add_subcommand("init", "Make a CA where [ca] of the settings says; overwrites nothing");
  init->add_option("--kind", options.ca_init.kind, "Kind of key")
      ->check(CLI::IsMember({"p256", "p384", "rsa-4096"}))
      ->capture_default_str();
  init->add_option("--name", options.ca_init.common_name, "Common name; otherwise one of this machine's own")
      ->type_name("TEXT");
  init->add_option("--years", options.ca_init.years, "Life")->check(CLI::Range(1, 30))->capture_default_str();
  CLI::App* show = ca->add_subcommand("show", "Print the CA certificate and its fingerprint");
  show->add_flag("--no-pem", options.no_pem, "Without the certificate itself");

  CLI::App* check = app.add_subcommand("check", "Report every mistake in settings, policy and CA");
  CLI::App* why = app.add_subcommand("explain", "Say what policy makes of a name, and why");
  why->add_option("NAME", options.name, "A host name or an address")->required();
  why->add_option("--client", options.client, "As it is for the client with this address")->type_name("ADDRESS");

  CLI::App* state = app.add_subcommand("status", "Say what the running daemon does");
  state->add_flag("--json", options.json, "For machines");
  CLI::App* past = app.add_subcommand("history", "List past exchanges, the newest last");
  past->add_option("--client", options.history.client, "Of the client with this address")->type_name("ADDRESS");
  past->add_option("--host", options.history.host, "To hosts with this in their name")->type_name("TEXT");
  past->add_option("--verdict", options.history.verdict, "With this verdict, such as BLACK-LISTED")->type_name("NAME");
  past->add_option("--status", options.history.status, "With this status, or first digit of one")->type_name("NUMBER");
  past->add_option("--since", options.history.since, "Of the last 30s, 15m, 2h, 3d")->type_name("TIME");
  past->add_option("--text", options.history.text, "With this anywhere in the log line")->type_name("TEXT");
  past->add_option("--limit", options.history.limit, "At most so many")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  past->add_flag("--json", options.history.json, "For machines");
  CLI::App* one = app.add_subcommand("show", "Tell all that is known of one exchange");
  one->add_option("ID", options.name, "Its request id, as in the log, at the origin and on a block page")->required();
  one->add_flag("--json", options.json, "For machines");

  CLI::App* user = app.add_subcommand("credentials", "Make a line of [explicit] credentials_file, for a new password");
  user->add_option("NAME", options.name, "Who it is for")->required();

  // Without a group they are not listed: other programs of the package call them.
  CLI::App* table = app.add_subcommand("settings-table", "Print every key of the settings")->group("");
  CLI::App* steering = app.add_subcommand("steering-settings", "Print what the kernel rules need")->group("");
  CLI::App* routes = app.add_subcommand("policy-routes", "Put up or take down the policy routes")->group("");
  routes->add_option("VERB", options.policy_routes, "up, down, status or show");
  return {init, show, check, why, state, past, one, user, table, steering, routes};
}

int dispatch(const Commands& commands, const Options& options, Streams streams) {
  if (commands.ca_init->parsed()) return ca_init(options.config, options.ca_init, streams);
  if (commands.ca_show->parsed()) return ca_show(options.config, !options.no_pem, streams);
  if (commands.check->parsed()) return gateway::check_configuration(options.config, "", streams.out, streams.err);
  if (commands.explain->parsed()) return explain(options.config, options.name, options.client, streams);
  if (commands.status->parsed()) return status(options.config, options.json, streams);
  if (commands.history->parsed()) return history(options.config, options.history, streams);
  if (commands.show->parsed()) return show(options.config, options.name, options.json, streams);
  if (commands.credentials->parsed()) return credentials(options.name, streams);
  if (commands.steering_settings->parsed()) return steering_settings(options.config, streams);
  if (commands.policy_routes->parsed()) {
    return netfilter::run_policy_routes(options.policy_routes, streams.out, streams.err);
  }
  config::print_table(streams.out);
  return 0;
}

}  // namespace

int run(int count, const char* const* arguments, std::ostream& out, std::ostream& err) {
  CLI::App app("Manages sallyport, a TLS interception gateway. See sallyport(1).", "sallyport");
  Options options;
  const Commands commands = declare(app, options);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& ending) {
    return app.exit(ending, out, err) == 0 ? 0 : exit_usage;
  }
  if (const auto started = crypto::initialise(); !started) {
    err << started.error().reason << '\n';
    return exit_failure;
  }
  const int status = dispatch(commands, options, {out, err});
  // A full disk or a closed pipe must not look like success: scripts read what is printed here.
  if (!out.flush() && status == 0) {
    err << "the output could not be written\n";
    return exit_failure;
  }
  return status;
}

}  // namespace sallyport::cli
