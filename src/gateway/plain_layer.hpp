// Connections and tunnels with plain HTTP in them: told apart from a Layer by what is missing, TLS.
//
// Coroutines of whoever owns the stream; one worker's thread. What is passed by reference outlives them.
#pragma once

#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/io/stream.hpp"
#include "sallyport/io/task.hpp"

#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

// A tunnel to the authority that was asked for: every request in it goes there.
io::Task<void> serve_plain_tunnel(WorkerContext& worker, Lifetime& lifetime, io::Stream& tunnel, Arrival arrival);

// A connection that was on its way to port 80 of some address. A request's Host counts for policy only where DNS gives
// that address for it, or where a rule sends it elsewhere anyway; otherwise the request is judged as the
// address, since a forged name must not open one.
io::Task<void> serve_transparent_http(WorkerContext& worker, Lifetime& lifetime, io::Stream& client, Arrival arrival);

}  // namespace sallyport::gateway
