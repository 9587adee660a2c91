#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include <nlohmann/json.hpp>

#include "memory_handshake.hpp"
#include "works.hpp"

namespace sallyport::bench {
namespace {

constexpr int probe_interval_ms = 30;

// Waits so long; false once standard input has ended.
bool wait_for_end_of_input(int milliseconds) {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, milliseconds) == 0;
}

}  // namespace

Result<void> measure_floor(const std::string& identity_file, const std::string& roots_file, const std::string& name,
                           unsigned count) {
  Result<MemoryHandshake> pair = MemoryHandshake::create(identity_file, roots_file, name);
  if (!pair) return std::unexpected(pair.error());
  HandshakeCost sum;
  for (unsigned number = 0; number < count; ++number) {
    const Result<HandshakeCost> cost = pair->run();
    if (!cost) return std::unexpected(cost.error());
    sum.client += cost->client;
    sum.server += cost->server;
  }
  std::cout << nlohmann::json{{"client_us", sum.client / count * 1e6}, {"server_us", sum.server / count * 1e6}} << '\n';
  return {};
}

Result<void> probe(const std::string& identity_file, const std::string& roots_file, const std::string& name) {
  Result<MemoryHandshake> pair = MemoryHandshake::create(identity_file, roots_file, name);
  if (!pair) return std::unexpected(pair.error());
  double sum = 0;
  double least = 1;
  std::uint64_t count = 0;
  do {
    const Result<HandshakeCost> cost = pair->run();
    if (!cost) return std::unexpected(cost.error());
    const double both = cost->client + cost->server;
    sum += both;
    least = std::min(least, both);
    ++count;
  } while (wait_for_end_of_input(probe_interval_ms));
  std::cout << nlohmann::json{{"handshakes", count},
                              {"mean_us", sum / static_cast<double>(count) * 1e6},
                              {"least_us", least * 1e6}}
            << '\n';
  return {};
}

}  // namespace sallyport::bench
