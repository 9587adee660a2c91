// DashboardTls: the dashboard's TLS towards browsers, with a leaf of our own CA for the address they came to.
//
// The admin thread alone. The leaf cache outlives it.
#pragma once

#include <memory>

#include "sallyport/gateway/configuration.hpp"
#include "sallyport/io/task.hpp"
#include "sallyport/pki/leaf_cache.hpp"
#include "sallyport/tls/server_context.hpp"

namespace sallyport::admin {

class DashboardTls {
 public:
  explicit DashboardTls(pki::LeafCache& leaves) : leaves_(leaves) {}

  // The handshake, to its end. `local`: what the browser is connected to, which is on the leaf, as is proxy_name.
  // Errors: TlsStream::handshake()'s, and what keeps a leaf from being minted.
  io::Task<Result<std::unique_ptr<tls::TlsStream>>> accept(io::Stream& client, IpAddress local,
                                                           gateway::ConfigurationPtr configuration);

 private:
  Result<void> renew(const gateway::Configuration& configuration);

  pki::LeafCache& leaves_;
  std::shared_ptr<const tls::TicketKeys> keys_;  // those of context_
  std::unique_ptr<tls::ServerContext> context_;
};

}  // namespace sallyport::admin
