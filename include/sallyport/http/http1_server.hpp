// Server: the HTTP/1.1 conversation with one client: requests one after another, pipelined ones too.
//
// It reads a request, makes an Exchange of it, gives that to the handler and goes on until one side
// ends the connection. Lives in the coroutine of its connection; the stream, the pool and the handler outlive it.
#pragma once

#include <memory>

#include "sallyport/http/exchange.hpp"
#include "sallyport/http/http1_parser.hpp"
#include "sallyport/io/buffer_pool.hpp"

namespace sallyport::http::http1 {

struct ServerOptions {
  Limits limits;
  io::Duration header{};  // for a head, from its first byte; also for the first head of the connection
  io::Duration idle{};    // between two requests
  io::Duration body{};    // for the next part of a body, in either direction
};

class Server {
 public:
  Server(io::Stream& client, io::BufferPool& buffers, ServerOptions options, ExchangeHandler& handler);
  ~Server();

  // Until the connection has ended, or another protocol has taken it over. Ends our direction in the orderly way.
  io::Task<void> serve();

  // The exchange being served is the last; a connection that waits for a request ends now.
  void drain();

 private:
  class RequestBody;
  class Response;
  struct State;

  io::Task<bool> serve_one();
  io::Task<bool> read_head();
  io::Task<void> refuse();

  std::unique_ptr<State> state_;
};

}  // namespace sallyport::http::http1
