// dial(): a TCP connection to the first of several endpoints that answers (Happy Eyeballs, RFC 8305); dial_local(): one
// to a path in the file system.
//
// Runs on the loop's thread. The stream belongs to the caller.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/fd_stream.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::io {

struct DialOptions {
  // Tried in this order, each 250 ms after the one before it, or at once when that one failed.
  std::vector<Endpoint> targets;
  // Dial from this address, which need not be ours (IP_TRANSPARENT; needs CAP_NET_RAW). The kernel
  // chooses the port when it connects, so that one client address can have many connections.
  std::optional<IpAddress> source;
  TimePoint deadline = never;
};

// Orders addresses as RFC 8305 §4 says: families alternate, IPv6 first, each in the order given.
[[nodiscard]] std::vector<Endpoint> interleave_families(const std::vector<IpAddress>& addresses, std::uint16_t port);

// Fails with the last attempt's error (refused, unreachable, timed_out, …), which names its endpoint.
Task<Result<std::unique_ptr<FdStream>>> dial(EventLoop& loop, DialOptions options, Cancellation& cancellation);

// A connection to the local socket (unix(7)) at `path`. Errors: refused (nobody listens there), not_permitted, system
// unreachable (there is no such socket).
[[nodiscard]] Result<std::unique_ptr<FdStream>> dial_local(EventLoop& loop, const std::string& path);

}  // namespace sallyport::io
