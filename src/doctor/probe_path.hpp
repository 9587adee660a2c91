// ProbePath: the way of one address family through a ProbeNetwork: addresses, and rules that steer them.
//
//   client 192.0.2.250 ── 192.0.2.249 sallyport-probe … sallyport-goal 192.0.2.253 ── 192.0.2.254 origin
//
// Or in another network that is reserved for documentation or benchmarks, where this machine has routes to that one;
// for IPv6 alike. Its owner is the probe, and the network outlives it. Its rules go with the object, its addresses with
// the network.
#pragma once

#include <memory>
#include <string>

#include "sallyport/doctor/context.hpp"

#include "family.hpp"
#include "probe_network.hpp"

namespace sallyport::doctor {

class ProbePath {
 public:
  static Result<std::unique_ptr<ProbePath>> create(const ProbeNetwork& network, const Family& family);
  ~ProbePath();
  ProbePath(const ProbePath&) = delete;
  ProbePath& operator=(const ProbePath&) = delete;

  // Copies the first LAN interface's rules for TCP `port` to the probe's interface; what an earlier probe left is taken
  // away. `rules`: the family's.
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
  ProbePath(const ProbeNetwork& network, const Family& family) : network_(network), family_(family) {}
  Result<void> lay();

  const ProbeNetwork& network_;
  const Family family_;
  IpAddress client_;
  IpAddress origin_;
  std::string undo_;  // what iptables-restore is given at the end
};

}  // namespace sallyport::doctor
