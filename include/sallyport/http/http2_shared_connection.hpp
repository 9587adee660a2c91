// SharedConnection: an HTTP/2 connection to an origin, shared by the exchanges of one client that may share it.
//
// Owned by the UpstreamPool, on its worker's thread; it outlives the exchanges that it gives out. While no exchange is
// on its way it waits for its idle time, for the origin's end, or for the next exchange.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "sallyport/http/http1_parser.hpp"
#include "sallyport/http/origin_connection.hpp"
#include "sallyport/http/upstream_exchange.hpp"
#include "sallyport/io/buffer_pool.hpp"
#include "sallyport/io/watchers.hpp"

namespace sallyport::http::http2 {

struct SharedOptions {
  http1::Limits limits;   // for response heads and trailers
  io::Duration unused{};  // how long it waits for SETTINGS, and for its first exchange
  io::Duration idle{};    // and for the next one, when there is none
  io::Duration body{};    // for a head or the next bytes of a body, in either direction
};

class SharedConnection {
 public:
  // `origin` has agreed on h2. `on_over(object)` is called once over() has become true;
  // it must not destroy it by itself.
  SharedConnection(OriginConnectionPtr origin, io::BufferPool& buffers, SharedOptions options, void (*on_over)(void*),
                   void* object);
  ~SharedConnection();
  SharedConnection(const SharedConnection&) = delete;
  SharedConnection& operator=(const SharedConnection&) = delete;

  // A stream for one exchange, begun by its send_head(), which is to follow at once.
  [[nodiscard]] std::unique_ptr<UpstreamExchange> begin();
  // begin() would succeed: the origin takes another stream, and those it has get on.
  [[nodiscard]] bool takes_another() const;
  // How many exchanges the origin allows at a time; nothing before its SETTINGS have come.
  [[nodiscard]] std::optional<std::size_t> allowed() const;
  // It has had an exchange.
  [[nodiscard]] bool used() const;
  // Exchanges that exist.
  [[nodiscard]] std::size_t exchanges() const;
  // No further exchange; it ends with the last one.
  void retire();
  // Nobody will use it any more: it may be destroyed.
  [[nodiscard]] bool over() const;

  // The origin's SETTINGS have come, or never will; until then nobody knows the answer to takes_extended_connect().
  [[nodiscard]] bool settled() const;
  [[nodiscard]] bool takes_extended_connect() const;  // RFC 8441 §3
  // Whoever waits for settled(); they are told of its destruction as well.
  [[nodiscard]] io::Watchers& settling();

  [[nodiscard]] OriginFacts& facts();

 private:
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace sallyport::http::http2
