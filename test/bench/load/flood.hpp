// New handshakes at a given pace, whether or not they are answered: what a worker meets that is asked for more than it
// can do. Each is a ClientHello made once and sent again and again, and is over with the first byte of the answer,
// which costs the client a tenth of what it costs the server: a complete client would be busy before the server is. One
// thread.
#pragma once

#include <cstdint>
#include <string>

#include "sallyport/base/result.hpp"

#include "tls_client.hpp"

namespace sallyport::bench {

struct Flood {
  Destination destination;  // its source is the first of `sources` addresses, one after another
  std::string roots_file;
  std::string groups = "X25519";
  std::string name;
  unsigned sources = 16;
  double rate = 1000;            // handshakes begun a second
  double seconds = 1;            // how long; those under way then are given up
  double patience = 2;           // after so many seconds a client gives up
  std::size_t most_open = 4000;  // no further one is begun meanwhile; it is counted as put off
};

// Prints how many were begun, answered, refused (reset or closed), given up and put off, the seconds, and percentiles
// of the time from the connect to the answer in microseconds.
[[nodiscard]] Result<void> run_flood(const Flood& flood);

}  // namespace sallyport::bench
