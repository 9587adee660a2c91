// ProbeNetwork: the probe's client and origin, each in a network namespace, wired to this machine.
//
//   client 192.0.2.250 ── 192.0.2.249 sallyport-probe [this machine] sallyport-goal 192.0.2.253 ── 192.0.2.254 origin
//
// Or in another network that is reserved for documentation or benchmarks, where this machine has routes to that one.
// Its owner is the probe; it goes, and all of it, with the object.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sallyport/doctor/context.hpp"
#include "sallyport/netfilter/private_network.hpp"

namespace sallyport::doctor {

class ProbeNetwork {
 public:
  static Result<std::unique_ptr<ProbeNetwork>> create();
  ~ProbeNetwork();
  ProbeNetwork(const ProbeNetwork&) = delete;
  ProbeNetwork& operator=(const ProbeNetwork&) = delete;

  // Copies the first LAN interface's IPv4 rules for TCP `port` to the probe's interface; what an earlier probe left is
  // taken away.
  [[nodiscard]] Result<void> steer(const Context& context, const FirewallRules& rules, std::uint16_t port);
  // Packets that those rules have counted by now.
  [[nodiscard]] static std::uint64_t steered(const FirewallRules& rules);

  // A socket that stands on the client's or the origin's side; not connected.
  [[nodiscard]] Result<UniqueFd> client_socket() const;
  // It listens at origin().
  [[nodiscard]] Result<UniqueFd> origin_socket(std::uint16_t port) const;

  [[nodiscard]] const IpAddress& client() const { return client_; }
  [[nodiscard]] const IpAddress& origin() const { return origin_; }

 private:
  ProbeNetwork(netfilter::NetworkNamespace client_side, netfilter::NetworkNamespace origin_side)
      : client_side_(std::move(client_side)), origin_side_(std::move(origin_side)) {}
  Result<void> wire_up();

  netfilter::NetworkNamespace client_side_;
  netfilter::NetworkNamespace origin_side_;
  IpAddress client_;
  IpAddress origin_;
  std::vector<const char*> wired_;  // the interfaces that are ours, and not another doctor's
  std::string undo_;                // what iptables-restore is given at the end
};

}  // namespace sallyport::doctor
