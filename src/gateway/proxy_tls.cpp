#include "proxy_tls.hpp"

#include <algorithm>

#include "sallyport/crypto/certificate.hpp"

#include "peek.hpp"

namespace sallyport::gateway {
namespace {

// One leaf for all the ways a client may have come.
std::vector<std::string> names_of_proxy(const config::Settings& settings, const Arrival& arrival) {
  std::vector<std::string> names = {settings.listen.proxy_name, arrival.local.address.to_string()};
  if (arrival.authority && std::ranges::find(names, arrival.authority->host) == names.end()) {
    names.push_back(arrival.authority->host);
  }
  return names;
}

}  // namespace

io::Task<Result<ProxySession>> accept_as_proxy(WorkerContext& worker, io::Stream& client, const Arrival& arrival) {
  const Generation generation = worker.generation;
  const config::Settings& settings = generation.configuration->settings;
  wire::ClientHelloReader reader;
  const Result<void> hello = co_await peek_client_hello(worker, client, reader);
  if (!hello) co_return std::unexpected(hello.error());
  const AlpnChoice choice = choose_protocol(reader.hello().alpn);
  if (choice.protocol == nullptr || !choice.protocol->is_http()) {
    co_await send_alert(worker, client, wire::Alert::no_application_protocol);
    co_return fail(ErrorKind::unsupported, "the client speaks no protocol of a proxy");
  }
  pki::LeafPtr shown;  // kept until the handshake is over
  tls::ServerContext::Session session;
  session.identity = [&]() -> Result<tls::Identity> {
    pki::LeafRequest request;
    request.names = names_of_proxy(settings, arrival);
    request.life = settings.ca.leaf_life;
    if (!wire::accepts_ecdsa(reader.hello())) request.key = pki::LeafKey::rsa_2048;
    Result<pki::LeafPtr> minted =
        worker.shared.leaves.get(generation.configuration->issuers->current(), request, crypto::wall_clock());
    if (!minted) return std::unexpected(minted.error());
    shown = std::move(*minted);
    return tls::Identity{shown->certificate.get(), shown->key.get(), shown->chain()};
  };
  session.alpn = {choice.name.empty() ? "http/1.1" : choice.name};
  session.resumption_scope = "the proxy itself" + generation.resumption_scope;
  Result<std::unique_ptr<tls::TlsStream>> accepted = generation.server_tls->accept(client, std::move(session));
  if (!accepted) co_return std::unexpected(accepted.error());
  tls::TlsStream& stream = **accepted;
  stream.set_deadline(worker.loop.now() + settings.limits.handshake);
  const Result<void> done = co_await stream.handshake();
  if (!done) {
    worker.metrics.client_tls.failed.add();
    worker.metrics.client_tls.count_alert(stream.peer_alert());
    co_return fail_while("client", done.error());
  }
  worker.metrics.client_tls.succeeded(stream.resumed());
  co_return ProxySession{std::move(*accepted), choice.protocol};
}

}  // namespace sallyport::gateway
