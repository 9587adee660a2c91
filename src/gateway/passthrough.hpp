// Passthrough: the origin's TLS session reaches the client; we see neither.
#pragma once

#include <cstdint>
#include <string>

#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/io/fd_stream.hpp"

#include "origin_dialer.hpp"

namespace sallyport::gateway {

// Whether a rule leaves this client alone: then nothing of its connections is read.
[[nodiscard]] bool is_left_alone(const WorkerContext& worker, const IpAddress& client);

struct PassedThrough {
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  Endpoint upstream;  // unspecified: it could not be dialled
  std::string error;
};

// Dials the route and relays until both sides have ended; the client is aborted where that fails. `first_bytes`: what
// was read of the client already, sent first. `dialled`: the connection to relay to, or why there is none; null: it is
// made here. One worker's thread; the arguments outlive the task.
io::Task<PassedThrough> pass_through(WorkerContext& worker, Lifetime& lifetime, const Route& route, io::Stream& client,
                                     ByteView first_bytes, Result<http::OriginConnectionPtr> dialled);

}  // namespace sallyport::gateway
