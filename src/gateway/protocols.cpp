#include "protocols.hpp"

#include <algorithm>

namespace sallyport::gateway {
namespace {

// In order of preference.
std::vector<const Protocol*>& registered() {
  static std::vector<const Protocol*> protocols = {
      &http2_protocol(),
      &http1_protocol(),
      &websocket_protocol(),
      &tunnel_protocol(),
  };
  return protocols;
}

}  // namespace

bool register_protocol(const Protocol& protocol) {
  registered().push_back(&protocol);
  return true;
}

AlpnChoice choose_protocol(const std::vector<std::string>& offered) {
  if (offered.empty()) return {&http1_protocol(), "http/1.1"};
  for (const Protocol* protocol : registered()) {
    for (std::string& name : protocol->alpn()) {
      if (std::find(offered.begin(), offered.end(), name) != offered.end()) return {protocol, std::move(name)};
    }
  }
  return {};
}

const Protocol& protocol_of_upgrade(std::string_view token) {
  for (const Protocol* protocol : registered()) {
    const std::vector<std::string> tokens = protocol->upgrades();
    if (std::find(tokens.begin(), tokens.end(), token) != tokens.end()) return *protocol;
  }
  return tunnel_protocol();
}

}  // namespace sallyport::gateway
