#include "target.hpp"

namespace sallyport::gateway {

std::string_view name_of(Door door) {
  switch (door) {
    case Door::transparent:
      return "transparent";
    case Door::transparent_http:
      return "transparent_http";
    case Door::proxy:
      return "proxy";
    case Door::proxy_tls:
      return "proxy_tls";
    case Door::onboarding:
      break;
  }
  return "onboarding";
}

Target Target::of(const Arrival& arrival) {
  Target target;
  if (!arrival.authority) {
    target.name = arrival.local.address.to_string();
    target.is_address = true;
    target.port = arrival.local.port;
    target.endpoint = arrival.local;
    return target;
  }
  const http::Authority& authority = *arrival.authority;
  target.name = authority.host;
  target.is_address = authority.address.has_value();
  target.port = *authority.port;
  if (authority.address) target.endpoint = Endpoint{*authority.address, target.port};
  return target;
}

Result<Target> Target::of(const Arrival& arrival, const wire::ClientHello& hello) {
  Target target = of(arrival);
  const Result<std::optional<std::string>> asked = wire::asked_name(hello);
  if (!asked) return std::unexpected(asked.error());
  if (!*asked) return target;
  if (!target.is_address && target.name != **asked) {
    target.contradiction = "the SNI " + **asked + " is not the name that CONNECT asked for, " + target.name;
  }
  target.name = **asked;
  target.is_address = false;
  return target;
}

}  // namespace sallyport::gateway
