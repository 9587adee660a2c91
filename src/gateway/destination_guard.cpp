#include "destination_guard.hpp"

#include <algorithm>
#include <optional>

namespace sallyport::gateway {
namespace {

bool is_own_listener(const Endpoint& destination, const config::Settings& settings,
                     const netfilter::AddressSnapshot& addresses) {
  if (!addresses.is_own(destination.address)) return false;
  const config::Settings::Listen& listen = settings.listen;
  for (const std::vector<Endpoint>* listeners : {&listen.transparent, &listen.transparent_http, &listen.proxy,
                                                 &listen.proxy_tls, &listen.onboarding, &listen.dashboard}) {
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

// The IPv4 address that a translator or tunnel would send this IPv6 address on to: NAT64 (RFC 6052), 6to4 (RFC 3056)
// and the old IPv4-compatible form (RFC 4291 §2.5.5.1).
std::optional<IpAddress> embedded_v4(const IpAddress& address) {
  if (address.is_v4() || address.is_loopback() || address.is_unspecified()) return std::nullopt;
  const std::uint8_t* const bytes = address.data();
  static const Prefix nat64 = *Prefix::parse("64:ff9b::/96");
  static const Prefix compatible = *Prefix::parse("::/96");
  static const Prefix six_to_four = *Prefix::parse("2002::/16");
  if (nat64.contains(address) || compatible.contains(address)) {
    return IpAddress::v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  if (six_to_four.contains(address)) return IpAddress::v4({bytes[2], bytes[3], bytes[4], bytes[5]});
  return std::nullopt;
}

bool is_private(const IpAddress& address) {
  static const Prefix local_nat64 = *Prefix::parse("64:ff9b:1::/48");  // RFC 8215
  static const Prefix site_local = *Prefix::parse("fec0::/10");        // RFC 3879
  return address.is_private() || local_nat64.contains(address) || site_local.contains(address);
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
  if (!is_transparent(door) && is_private(address)) {
    return refuse("a private address, which allowed_destinations does not name");
  }
  const std::optional<IpAddress> inner = embedded_v4(address);
  if (!inner) return {};
  return check_destination({*inner, destination.port}, door, false, settings, addresses);
}

bool may_use_proxy(const IpAddress& client, const config::Settings& settings,
                   const netfilter::AddressSnapshot& addresses) {
  if (within(settings.explicit_proxy.allowed_clients, client)) return true;
  return settings.explicit_proxy.allow_lan_clients && addresses.is_behind_lan(client);
}

}  // namespace sallyport::gateway
