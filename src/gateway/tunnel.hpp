// What comes out of a CONNECT to an origin: TLS, or plain HTTP.
//
// A coroutine of whoever opened the tunnel, which owns what is passed by reference; one worker's thread.
#pragma once

#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/io/stream.hpp"
#include "sallyport/io/task.hpp"

#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

// `arrival` with the authority that was asked for. Anything but HTTP requests is a Layer's to judge, and on port 443
// everything is.
io::Task<void> serve_tunnel(WorkerContext& worker, Lifetime& lifetime, io::Stream& tunnel, Arrival arrival);

}  // namespace sallyport::gateway
