#include "proxy_rules.hpp"

#include <algorithm>

#include "destination_guard.hpp"

namespace sallyport::gateway {
namespace {

bool has_listener(const std::vector<Endpoint>& listeners, const Endpoint& endpoint) {
  return std::ranges::any_of(listeners, [&](const Endpoint& listener) {
    return listener.port == endpoint.port &&
           (listener.address == endpoint.address || listener.address.is_unspecified());
  });
}

}  // namespace

bool is_proxy_itself(const http::Authority& authority, const config::Settings& settings,
                     const netfilter::AddressSnapshot& addresses) {
  const config::Settings::Listen& listen = settings.listen;
  if (!authority.address) return authority.host == listen.proxy_name;
  if (!authority.port || authority.address->is_unspecified()) return false;
  const Endpoint endpoint{*authority.address, *authority.port};
  const bool listened_at = has_listener(listen.proxy, endpoint) || has_listener(listen.proxy_tls, endpoint);
  return listened_at && addresses.is_own(endpoint.address);
}

Result<void> check_wish(const WorkerContext& worker, const Arrival& arrival, const http::Authority& authority) {
  const config::Settings& settings = worker.settings();
  const std::vector<std::uint16_t>& ports = settings.explicit_proxy.connect_ports;
  if (std::ranges::find(ports, *authority.port) == ports.end()) {
    return fail(ErrorKind::not_permitted,
                "port " + std::to_string(*authority.port) + " is not among [explicit] connect_ports");
  }
  if (!authority.address) return {};
  // An address that a rule rewrites is never dialled itself.
  const policy::Verdict verdict =
      worker.generation.configuration->policy->judge(authority.host, arrival.client.address);
  const Endpoint endpoint{*authority.address, *authority.port};
  return check_destination(endpoint, Door::proxy, verdict.rewrite != nullptr, settings, *worker.addresses);
}

}  // namespace sallyport::gateway
