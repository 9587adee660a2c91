// ProxyLayer: one layer in which a client speaks with the proxy itself: at a listener, or in a tunnel that it asked to
// open to the proxy.
//
// In a tunnel, requests may come in the clear or inside TLS; where a request could stand, a ClientHello opens the next
// layer: to the proxy once more where it names the proxy, otherwise to the origin that it names. Lives in the coroutine
// that serves the tunnel or the connection, and borrows the stream; one worker's thread.
#pragma once

#include <memory>
#include <string>

#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/gateway/protocol.hpp"
#include "sallyport/tls/tls_stream.hpp"
#include "sallyport/wire/tls_alert.hpp"

#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

class ProxyLayer {
 public:
  // How it begins.
  enum class Opening {
    requests,   // the plaintext listener
    handshake,  // the TLS listener: whatever name the client says, it has come to the proxy
    tunnel,     // either
  };

  ProxyLayer(WorkerContext& worker, Lifetime& lifetime, io::Stream& client, Arrival arrival,
             Opening opening = Opening::tunnel);
  ~ProxyLayer();

  io::Task<void> run();

 private:
  io::Task<void> run_tls();
  // `protocol`: what requests come in. `secured`: TLS has been spoken in this layer, so that another ClientHello begins
  // the next.
  io::Task<void> run_either(io::Stream& client, const Protocol& protocol, bool secured);
  io::Task<void> open_next(io::Stream& client, std::string name);
  io::Task<void> serve(io::Stream& client, const Protocol& protocol);
  io::Task<void> refuse(io::Stream& client, wire::Alert alert, std::string_view why);
  void record_end(std::string_view error) const;

  WorkerContext& worker_;
  Lifetime& lifetime_;
  io::Stream& client_;
  Arrival arrival_;
  const Opening opening_;
  std::unique_ptr<tls::TlsStream> client_tls_;
};

}  // namespace sallyport::gateway
