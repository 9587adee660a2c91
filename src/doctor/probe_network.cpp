#include "probe_network.hpp"

#include <utility>

#include "sallyport/netfilter/probe_interface.hpp"

namespace sallyport::doctor {

using netfilter::NetworkNamespace;

Result<std::unique_ptr<ProbeNetwork>> ProbeNetwork::create() {
  Result<NetworkNamespace> client_side = NetworkNamespace::create();
  if (!client_side) return std::unexpected(client_side.error());
  Result<NetworkNamespace> origin_side = NetworkNamespace::create();
  if (!origin_side) return std::unexpected(origin_side.error());
  // Not make_unique: the constructor is private.
  std::unique_ptr<ProbeNetwork> network(new ProbeNetwork(std::move(*client_side), std::move(*origin_side)));
  network->wired_.reserve(2);
  for (const auto& [interface, far] : {std::pair(netfilter::probe_interface, &network->client_side_),
                                       std::pair(goal_interface, &network->origin_side_)}) {
    if (const Result<void> done = netfilter::add_wire(interface, *far, far_interface); !done) {
      return std::unexpected(done.error());
    }
    network->wired_.push_back(interface);
  }
  return network;
}

ProbeNetwork::~ProbeNetwork() {
  // At once, and not when the kernel gets round to the namespaces.
  for (const char* const interface : wired_) (void)netfilter::remove_interface(interface);
}

}  // namespace sallyport::doctor
