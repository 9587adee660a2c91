#include "destination_guard.hpp"

#include <algorithm>

namespace sallyport::gateway {
namespace {

bool is_own_listener(const Endpoint& destination, const config::Settings& settings,
                     const netfilter::AddressSnapshot& addresses) {
  if (!addresses.is_own(destination.address)) return false;
  for (const std::vector<Endpoint>* listeners : {&settings.listen.transparent, &settings.listen.proxy}) {
    for (const Endpoint& listener : *listeners) {
      const bool same_address = listener.address.is_unspecified() || listener.address == destination.address;
      if (listener.port == destination.port && same_address) return true;
    }
  }
  return false;
}

bool within(const std::vector<Prefix>& prefixes, const IpAddress& address) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const Prefix& prefix) { return prefix.contains(address); });
}

// 0.0.0.0/8 and 240.0.0.0/4 with the broadcast address; "this network" and class E are nobody's.
bool is_nobodys(const IpAddress& address) {
  if (address.is_unspecified() || address.is_multicast()) return true;
  return address.is_v4() && (address.data()[0] == 0 || address.data()[0] >= 240);
}

}  // namespace

Result<void> check_destination(const Endpoint& destination, Door door, bool named_by_rule,
                               const config::Settings& settings, const netfilter::AddressSnapshot& addresses) {
  const IpAddress& address = destination.address;
  const auto refuse = [&](const char* what) {
    return fail(ErrorKind::not_permitted, destination.to_string() + " is " + what);
  };
  if (is_own_listener(destination, settings, addresses)) return refuse("a listener of this gateway itself");
  if (is_nobodys(address)) return refuse("not an address anyone can be reached at");
  const bool named = named_by_rule || within(settings.explicit_proxy.allowed_destinations, address);
  if (named) return {};
  if (addresses.is_own(address)) return refuse("an address of this gateway itself");
  if (address.is_loopback()) return refuse("a loopback address");
  if (address.is_link_local()) return refuse("a link-local address, which allowed_destinations does not name");
  if (door == Door::proxy && address.is_private()) {
    return refuse("a private address, which allowed_destinations does not name");
  }
  return {};
}

bool may_use_proxy(const IpAddress& client, const config::Settings& settings,
                   const netfilter::AddressSnapshot& addresses) {
  if (within(settings.explicit_proxy.allowed_clients, client)) return true;
  return settings.explicit_proxy.allow_lan_clients && addresses.is_behind_lan(client);
}

}  // namespace sallyport::gateway
