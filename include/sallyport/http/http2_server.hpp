// Server: the HTTP/2 conversation with one client (RFC 9113): many requests at a time, each on a stream of its own.
//
// Each request becomes an Exchange, which the handler serves beside the others; all have ended when serve() ends. Lives
// in the coroutine of its connection; the stream, the pool and the handler outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "sallyport/http/exchange.hpp"
#include "sallyport/http/http1_parser.hpp"
#include "sallyport/io/buffer_pool.hpp"

namespace sallyport::http::http2 {

struct ServerOptions {
  http1::Limits limits;         // of a head; counted as RFC 9113 §6.5.2 does
  std::uint32_t streams = 100;  // that the client may have open at once
  io::Duration header{};        // for a head, from its first byte; also for the first SETTINGS of the connection
  io::Duration idle{};          // without any stream
  io::Duration body{};          // for the next part of a body, in either direction
};

class Server {
 public:
  Server(io::Stream& client, io::BufferPool& buffers, ServerOptions options, ExchangeHandler& handler);
  ~Server();

  // Until the connection has ended. Ends our direction in the orderly way. Gives what the client did that ended it:
  // malformed, it broke the protocol; exhausted, it flooded us; timed_out, in the middle of a head; otherwise nothing.
  io::Task<std::optional<Error>> serve();

  // No further stream is begun; the connection ends once those under way have (RFC 9113 §6.8).
  void drain();

 private:
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace sallyport::http::http2
