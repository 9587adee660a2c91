// Connection: one client connection's life, told in order by run().
//
// Owned by the worker's table; one worker's thread. end() may be called at any time: everything the connection waits
// for fails with that reason, and run() comes to its end by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sallyport/gateway/connection_counts.hpp"
#include "sallyport/http/http1_server.hpp"
#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/fd_stream.hpp"
#include "sallyport/io/listener.hpp"
#include "sallyport/wire/client_hello_reader.hpp"

#include "forward.hpp"
#include "origin_dialer.hpp"
#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

class Connection {
 public:
  Connection(WorkerContext& worker, io::Accepted accepted, Door door, ConnectionCounts::Place place);
  ~Connection();

  io::Task<void> run();

  // Everything stops now.
  void end(Error why) { cancellation_.cancel(std::move(why)); }
  // The exchange being served is the last one. Tunnels go on until end().
  void drain();

 private:
  // The first overlapped dial, and the task that runs it.
  struct EarlyDial;

  io::Task<bool> arrive();
  io::Task<bool> arrive_by_connect();
  [[nodiscard]] bool came_through_the_right_door() const;
  io::Task<Result<void>> read_client_hello();
  io::Task<void> intercept(const policy::Verdict& verdict);
  io::Task<void> serve(const policy::Verdict& verdict, EarlyDial& early);
  io::Task<bool> shake_hands();
  io::Task<void> serve_http(EarlyDial& early);
  io::Task<void> pass_through(const policy::Verdict& verdict);
  io::Task<void> refuse_with(wire::Alert alert, std::string_view why);
  Result<pki::LeafPtr> leaf() const;
  [[nodiscard]] bool asks_before_answering() const;
  [[nodiscard]] http::http1::ServerOptions server_options() const;
  void record_end(const policy::Verdict* verdict, std::string_view error, std::uint64_t bytes_in,
                  std::uint64_t bytes_out, const std::string& upstream);

  WorkerContext& worker_;
  Generation generation_;  // the configuration this connection began with
  io::Cancellation cancellation_;
  io::FdStream client_;
  ConnectionCounts::Place place_;
  io::ClosedOnCancel<io::FdStream> client_closed_on_cancel_;
  std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
  Session session_;
  wire::ClientHelloReader hello_reader_;
  std::unique_ptr<tls::TlsStream> client_tls_;
  http::http1::Server* serving_ = nullptr;
  bool draining_ = false;
};

}  // namespace sallyport::gateway
