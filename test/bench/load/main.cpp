// bench-load: the client side of `make bench`, what it is compared with, and the measures of the machine itself. See
// works.hpp.
#include <csignal>
#include <iostream>

#include <CLI/CLI.hpp>

#include "flood.hpp"
#include "works.hpp"

namespace {

using namespace sallyport;

// What the options of all commands fill in; one command runs.
struct Options {
  bench::Load load;
  bench::Flood flood;
  std::uint64_t bytes = 0, listed = 1'000'000;
  bool up = false;
  std::string identity, interface, other_namespace, policy_file;
  unsigned count = 1000;
  std::uint16_t listening_port = 8443;
  double milliseconds = 20;
  int status = 0;

  void end(const Result<void>& result) {
    if (result) return;
    std::cerr << "bench-load: " << result.error().reason << '\n';
    status = 1;
  }
};

void add_destination(CLI::App* command, bench::Load& load) {
  command->add_option("--address", load.destination.address, "where to connect")->required();
  command->add_option("--port", load.destination.port);
  command->add_option("--source", load.destination.source, "the client's own address");
  command->add_option("--sources", load.sources, "so many addresses in turn, from --source on");
  command->add_option("--roots", load.roots_file, "PEM file of what is trusted")->required();
  command->add_option("--groups", load.groups, "of key exchange");
  command->add_option("--name", load.name, "the name asked for; %d counts connections")->required();
  command->add_option("--first-name", load.first_name);
  command->add_option("--path", load.path);
}

void add_clients(CLI::App& app, Options& options) {
  bench::Load& load = options.load;
  auto* connections = app.add_subcommand("connections", "many connections with requests on each");
  add_destination(connections, load);
  connections->add_option("--count", load.connections);
  connections->add_option("--requests", load.requests, "on each connection");
  connections->add_option("--threads", load.threads);
  connections->add_option("--interval", load.interval, "seconds between a thread's connections");
  connections->add_option("--pause", load.pause, "seconds between an answer and the next request");
  connections->add_option("--seconds", load.seconds, "an end before the count is reached");
  connections->add_flag("--resume", load.resume);
  connections->callback([&] { options.end(bench::run_load(load)); });

  auto* bulk = app.add_subcommand("bulk", "many bytes on one connection");
  add_destination(bulk, load);
  bulk->add_option("--bytes", options.bytes)->required();
  bulk->add_flag("--up", options.up);
  bulk->callback([&] { options.end(bench::run_bulk(load, options.bytes, options.up)); });

  auto* idle = app.add_subcommand("idle", "connections that do nothing, until standard input ends");
  add_destination(idle, load);
  idle->add_option("--count", load.connections);
  idle->callback([&] { options.end(bench::hold_idle(load)); });
}

void add_flood(CLI::App& app, Options& options) {
  bench::Flood& flood = options.flood;
  auto* command = app.add_subcommand("flood", "handshakes at a given pace, answered or not");
  add_destination(command, options.load);
  command->add_option("--rate", flood.rate, "handshakes begun a second");
  command->add_option("--seconds", flood.seconds);
  command->add_option("--most-open", flood.most_open, "no further one is begun meanwhile");
  command->callback([&] {
    flood.destination = options.load.destination;
    flood.sources = options.load.sources;
    flood.roots_file = options.load.roots_file;
    flood.groups = options.load.groups;
    flood.name = options.load.name;
    options.end(bench::run_flood(flood));
  });
}

void add_wires(CLI::App& app, Options& options) {
  auto* relay = app.add_subcommand("relay", "moves bytes by splice(2) and does nothing else");
  relay->add_option("--listen", options.listening_port, "port");
  relay->add_option("--address", options.load.destination.address, "where to connect")->required();
  relay->add_option("--port", options.load.destination.port);
  relay->callback([&] { options.end(bench::run_relay(options.listening_port, options.load.destination)); });

  auto* delay = app.add_subcommand("delay", "a wire between two network namespaces, until standard input ends");
  delay->add_option("--interface", options.interface, "its name on both sides")->required();
  delay->add_option("--namespace", options.other_namespace, "path of the other one")->required();
  delay->add_option("--milliseconds", options.milliseconds, "that a packet takes");
  delay->callback(
      [&] { options.end(bench::run_delay(options.interface, options.other_namespace, options.milliseconds)); });
}

void add_measures(CLI::App& app, Options& options) {
  auto* policy = app.add_subcommand("policy", "what loading a policy and judging by it costs");
  policy->add_option("--policy", options.policy_file, "policy.ini")->required();
  policy->add_option("--name", options.load.name, "pattern of the listed names")->required();
  policy->add_option("--listed", options.listed, "names in its lists");
  policy->add_option("--count", options.count, "judgements");
  policy->callback([&] {
    options.end(bench::measure_policy(options.policy_file, options.load.name, options.listed, options.count));
  });

  for (const bool probing : {false, true}) {
    auto* memory = probing
                       ? app.add_subcommand("probe", "handshakes in memory, one each 30 ms, until standard input ends")
                       : app.add_subcommand("floor", "the cost of handshakes in memory");
    memory->add_option("--identity", options.identity, "PEM file with the server's chain and key")->required();
    memory->add_option("--roots", options.load.roots_file)->required();
    memory->add_option("--name", options.load.name)->required();
    if (!probing) memory->add_option("--count", options.count);
    memory->callback([&, probing] {
      const bench::Load& load = options.load;
      options.end(probing ? bench::probe(options.identity, load.roots_file, load.name)
                          : bench::measure_floor(options.identity, load.roots_file, load.name, options.count));
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"the client of sallyport's benchmarks"};
  app.require_subcommand(1);
  Options options;
  add_clients(app, options);
  add_flood(app, options);
  add_wires(app, options);
  add_measures(app, options);
  CLI11_PARSE(app, argc, argv);
  return options.status;
}
