// The kinds of work that the benchmarks do. Each runs to its end and prints one JSON object on standard output;
// progress and errors go to standard error. Called from the main thread.
#pragma once

#include <cstdint>
#include <string>

#include "sallyport/base/result.hpp"

#include "tls_client.hpp"

namespace sallyport::bench {

// Many connections or requests by several threads.
struct Load {
  Destination destination;
  std::string roots_file;
  std::string groups = "X25519";  // of key exchange, the client's order
  std::string name;               // with one %d: every connection asks for a name of its own
  std::uint64_t first_name = 0;   // what stands for the first %d
  std::string path = "/";
  std::uint64_t connections = 1;
  std::uint64_t requests = 1;  // on each connection
  unsigned threads = 8;
  bool resume = false;  // each thread offers the session of its connection before
  double interval = 0;  // seconds from the start of one connection to that of the next of the same thread; 0: at once
  double pause = 0;     // seconds between an answer and the next request on the same connection
  double seconds = 0;   // after so long connections end with their next request, and none is begun; 0: when all is done
  unsigned sources = 1;  // connections come from so many addresses in turn, beginning with destination.source
};

// The name with its number in the place of %d.
[[nodiscard]] std::string name_number(const std::string& pattern, std::uint64_t number);

// Prints completed and failed connections, how many were resumed, who issued the certificate, and percentiles of what a
// connection with its first request took, and of what a later request took, in microseconds.
[[nodiscard]] Result<void> run_load(const Load& load);

// Moves so many bytes over one connection, `up` by PUT.
[[nodiscard]] Result<void> run_bulk(const Load& load, std::uint64_t bytes, bool up);

// Opens load.connections, asks once on each, says so, and holds them until standard input ends.
[[nodiscard]] Result<void> hold_idle(const Load& load);

// What `count` full handshakes cost each end.
[[nodiscard]] Result<void> measure_floor(const std::string& identity_file, const std::string& roots_file,
                                         const std::string& name, unsigned count);

// One handshake every 30 ms until standard input ends; then the mean and the least.
[[nodiscard]] Result<void> probe(const std::string& identity_file, const std::string& roots_file,
                                 const std::string& name);

// Listens, and moves the bytes of each connection to and from `origin` by splice(2), two threads a connection: what a
// passthrough costs that does nothing else. Does not return.
[[nodiscard]] Result<void> run_relay(std::uint16_t port, const Destination& origin);

// Puts an interface of this name into this network namespace and into the one at that path, and carries packets from
// one to the other, each after so many milliseconds; until standard input ends. Says so once the interfaces are there.
[[nodiscard]] Result<void> run_delay(const std::string& interface, const std::string& other_namespace,
                                     double milliseconds);

// Loads a policy.ini whose lists hold the first `listed` names of the pattern, and judges names of which half are
// there. Prints the CPU seconds of loading, the nanoseconds a judgement takes, and how many names were refused.
[[nodiscard]] Result<void> measure_policy(const std::string& policy_file, const std::string& pattern,
                                          std::uint64_t listed, std::uint64_t judgements);

}  // namespace sallyport::bench
