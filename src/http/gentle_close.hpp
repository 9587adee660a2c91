// How a server parts from its client, whatever version of HTTP they spoke.
//
// In the connection's coroutine; the stream and the pool outlive it.
#pragma once

#include <cstdint>

#include "sallyport/io/buffer_pool.hpp"
#include "sallyport/io/stream.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::http {

// How long, and how much, a client may go on sending what nobody wants any more.
inline constexpr io::Duration surplus_patience = std::chrono::seconds(2);
inline constexpr std::uint64_t surplus_bytes = 256 * 1024;

// Ends our direction in the orderly way, then waits for the client's end within those bounds: closing a socket with
// bytes unread resets it, and the client may lose our last words (RFC 9112 §9.6). What was read already is not asked
// for.
io::Task<void> close_gently(io::Stream& client, io::BufferPool& buffers);

}  // namespace sallyport::http
