// TLS in which the gateway is not in the middle, but is the one the client wants: with the certificate of the proxy
// itself.
//
// A coroutine of the layer that is being opened; one worker's thread. The arguments outlive it.
#pragma once

#include <memory>
#include <string>

#include "sallyport/gateway/protocol.hpp"
#include "sallyport/tls/tls_stream.hpp"
#include "sallyport/wire/client_hello_reader.hpp"

#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

struct ProxySession {
  std::unique_ptr<tls::TlsStream> client;  // over the stream that was given
  const Protocol* protocol = nullptr;      // one of HTTP's
};

// The whole handshake, from a ClientHello of which nothing has been read yet. The certificate, minted by our CA, is for
// proxy_name, for the address the client came to, and for what it asked CONNECT for. Errors are sentences for the log;
// the client has been told by an alert.
io::Task<Result<ProxySession>> accept_as_proxy(WorkerContext& worker, io::Stream& client, const Arrival& arrival);

}  // namespace sallyport::gateway
