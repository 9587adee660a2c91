// ProbeNetwork: the probe's client and origin, each in a network namespace, wired to this machine.
//
//   client ── sallyport-probe [this machine] sallyport-goal ── origin
//
// They have no addresses yet: those are a ProbePath's. Its owner is the probe; it goes, and all of it, with the object.
#pragma once

#include <memory>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/netfilter/private_network.hpp"

namespace sallyport::doctor {

class ProbeNetwork {
 public:
  static constexpr const char* goal_interface = "sallyport-goal";
  static constexpr const char* far_interface = "probe0";  // of either namespace

  static Result<std::unique_ptr<ProbeNetwork>> create();
  ~ProbeNetwork();
  ProbeNetwork(const ProbeNetwork&) = delete;
  ProbeNetwork& operator=(const ProbeNetwork&) = delete;

  [[nodiscard]] const netfilter::NetworkNamespace& client_side() const { return client_side_; }
  [[nodiscard]] const netfilter::NetworkNamespace& origin_side() const { return origin_side_; }

 private:
  ProbeNetwork(netfilter::NetworkNamespace client_side, netfilter::NetworkNamespace origin_side)
      : client_side_(std::move(client_side)), origin_side_(std::move(origin_side)) {}

  netfilter::NetworkNamespace client_side_;
  netfilter::NetworkNamespace origin_side_;
  std::vector<const char*> wired_;  // the interfaces that are ours, and not another doctor's
};

}  // namespace sallyport::doctor
