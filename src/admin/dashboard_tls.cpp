#include "dashboard_tls.hpp"

#include "sallyport/crypto/certificate.hpp"

namespace sallyport::admin {

io::Task<Result<std::unique_ptr<tls::TlsStream>>> DashboardTls::accept(io::Stream& client, IpAddress local,
                                                                       gateway::ConfigurationPtr configuration) {
  const Result<void> renewed = renew(*configuration);
  if (!renewed) co_return std::unexpected(renewed.error());
  const config::Settings& settings = configuration->settings;
  pki::LeafPtr shown;  // kept until the handshake is over
  tls::ServerContext::Session session;
  session.identity = [&]() -> Result<tls::Identity> {
    pki::LeafRequest request;
    request.names = {settings.listen.proxy_name, local.to_string()};
    request.life = settings.ca.leaf_life;
    Result<pki::LeafPtr> minted = leaves_.get(configuration->issuers->current(), request, crypto::wall_clock());
    if (!minted) return std::unexpected(minted.error());
    shown = std::move(*minted);
    return tls::Identity{shown->certificate.get(), shown->key.get(), shown->chain()};
  };
  session.alpn = {"http/1.1"};
  session.resumption_scope = "the dashboard";
  Result<std::unique_ptr<tls::TlsStream>> accepted = context_->accept(client, std::move(session));
  if (!accepted) co_return std::unexpected(accepted.error());
  client.set_deadline(client.loop().now() + settings.limits.handshake);
  const Result<void> done = co_await (*accepted)->handshake();
  if (!done) co_return std::unexpected(done.error());
  co_return std::move(*accepted);
}

// Each reload brings new ticket keys, and so do a few hours.
Result<void> DashboardTls::renew(const gateway::Configuration& configuration) {
  if (context_ != nullptr && keys_ == configuration.ticket_keys) return {};
  Result<std::unique_ptr<tls::ServerContext>> made =
      tls::ServerContext::create({.ticket_keys = configuration.ticket_keys});
  if (!made) return std::unexpected(made.error());
  context_ = std::move(*made);
  keys_ = configuration.ticket_keys;
  return {};
}

}  // namespace sallyport::admin
