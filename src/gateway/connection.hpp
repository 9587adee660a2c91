// Connection: one client connection: its socket, the door it came by, and its end.
//
// What is said in it is told by Layer. Owned by the worker's table; one worker's thread. end() may be called at any
// time: everything the connection waits for fails with that reason, and run() comes to its end by itself.
#pragma once

#include <memory>
#include <optional>

#include "sallyport/gateway/connection_counts.hpp"
#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/io/fd_stream.hpp"
#include "sallyport/io/listener.hpp"

#include "proxy_layer.hpp"
#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

class Connection {
 public:
  Connection(WorkerContext& worker, io::Accepted accepted, Door door, ConnectionCounts::Place place);

  io::Task<void> run();

  // Everything stops now.
  void end(Error why) { lifetime_.end(std::move(why)); }
  // The exchange being served is the last one. Tunnels go on until end().
  void drain() { lifetime_.drain(); }

 private:
  void listen_in();
  [[nodiscard]] bool came_through_the_right_door() const;
  [[nodiscard]] bool is_announced() const;
  io::Task<void> run_announced();
  io::Task<bool> read_proxy_header();
  io::Task<void> serve();
  io::Task<void> refuse();
  io::Task<void> serve_layer(std::unique_ptr<Arrival> arrival);
  io::Task<void> serve_proxy(std::unique_ptr<Arrival> arrival, ProxyLayer::Opening opening);

  WorkerContext& worker_;
  Lifetime lifetime_;
  io::FdStream client_;
  std::optional<ConnectionCounts::Place> place_;
  io::ClosedOnCancel<io::FdStream> client_closed_on_cancel_;
  OpenConnections::Place seen_;
  std::unique_ptr<Arrival> arrival_;  // until somebody serves it
};

}  // namespace sallyport::gateway
