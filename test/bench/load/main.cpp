// bench-load: the client side of `make bench`, and the two measures of the machine itself. See works.hpp.
#include <csignal>
#include <iostream>

#include <CLI/CLI.hpp>

#include "works.hpp"

namespace {

using namespace sallyport;

void add_destination(CLI::App* command, bench::Load& load) {
  command->add_option("--address", load.destination.address, "where to connect")->required();
  command->add_option("--port", load.destination.port);
  command->add_option("--source", load.destination.source, "the client's own address");
  command->add_option("--roots", load.roots_file, "PEM file of what is trusted")->required();
  command->add_option("--groups", load.groups, "of key exchange");
  command->add_option("--name", load.name, "the name asked for; %d counts connections")->required();
  command->add_option("--first-name", load.first_name);
  command->add_option("--path", load.path);
}

int end(const Result<void>& result) {
  if (result) return 0;
  std::cerr << "bench-load: " << result.error().reason << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"the client of sallyport's benchmarks"};
  app.require_subcommand(1);
  bench::Load load;
  std::uint64_t bytes = 0;
  bool up = false;
  std::string identity;
  unsigned count = 1000;
  int status = 0;

  auto* connections = app.add_subcommand("connections", "many connections with requests on each");
  add_destination(connections, load);
  connections->add_option("--count", load.connections);
  connections->add_option("--requests", load.requests, "on each connection");
  connections->add_option("--threads", load.threads);
  connections->add_option("--interval", load.interval, "seconds between a thread's connections");
  connections->add_flag("--resume", load.resume);
  connections->callback([&] { status = end(bench::run_load(load)); });

  auto* bulk = app.add_subcommand("bulk", "many bytes on one connection");
  add_destination(bulk, load);
  bulk->add_option("--bytes", bytes)->required();
  bulk->add_flag("--up", up);
  bulk->callback([&] { status = end(bench::run_bulk(load, bytes, up)); });

  auto* idle = app.add_subcommand("idle", "connections that do nothing, until standard input ends");
  add_destination(idle, load);
  idle->add_option("--count", load.connections);
  idle->callback([&] { status = end(bench::hold_idle(load)); });

  for (const bool probing : {false, true}) {
    auto* memory = probing
                       ? app.add_subcommand("probe", "handshakes in memory, one each 30 ms, until standard input ends")
                       : app.add_subcommand("floor", "the cost of handshakes in memory");
    memory->add_option("--identity", identity, "PEM file with the server's chain and key")->required();
    memory->add_option("--roots", load.roots_file)->required();
    memory->add_option("--name", load.name)->required();
    if (!probing) memory->add_option("--count", count);
    memory->callback([&, probing] {
      status = end(probing ? bench::probe(identity, load.roots_file, load.name)
                           : bench::measure_floor(identity, load.roots_file, load.name, count));
    });
  }
  CLI11_PARSE(app, argc, argv);
  return status;
}
