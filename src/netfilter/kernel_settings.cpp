#include "sallyport/netfilter/kernel_settings.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <ostream>
#include <string_view>

#include <netlink/route/link.h>

#include "netlink.hpp"

namespace sallyport::netfilter {
namespace {

constexpr int exit_obstacles = 3;

using LinkPtr = std::unique_ptr<rtnl_link, NetlinkFreer<rtnl_link_put>>;

// Nothing where the kernel has no such setting: a family or a module that is not there.
std::optional<int> value_of(const std::string& folder, std::string setting) {
  std::replace(setting.begin(), setting.end(), '.', '/');
  std::ifstream file(folder + '/' + setting);
  int value = 0;
  if (!(file >> value)) return std::nullopt;
  return value;
}

std::optional<std::string> first_bridge(std::span<const std::string> interfaces) {
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::nullopt;
  for (const std::string& name : interfaces) {
    rtnl_link* found = nullptr;
    if (rtnl_link_get_kernel(socket->get(), 0, name.c_str(), &found) < 0) continue;
    const LinkPtr link(found);
    const char* const type = rtnl_link_get_type(found);
    if (type != nullptr && std::string_view(type) == "bridge") return name;
  }
  return std::nullopt;
}

}  // namespace

std::string Obstacle::to_string() const {
  return setting + " is " + std::to_string(1 - wanted) + ": " + consequence + "; set it to " + std::to_string(wanted);
}

std::vector<Obstacle> kernel_obstacles(std::span<const std::string> lan_interfaces, const std::string& sysctl_folder) {
  std::vector<Obstacle> found;
  const auto look = [&](const char* setting, int wanted, const std::string& consequence) {
    if (value_of(sysctl_folder, setting) == 1 - wanted) found.push_back({setting, wanted, consequence});
  };
  look("net.ipv4.ip_forward", 1, "clients' other traffic (DNS, for one) is not routed");
  look("net.ipv6.conf.all.forwarding", 1, "clients' other IPv6 traffic is not routed");
  if (const std::optional<std::string> bridge = first_bridge(lan_interfaces)) {
    // Rules are then asked while the packet is still the bridge's, which lets go of the socket that they gave it.
    const std::string consequence =
        "connections of clients behind the bridge " + *bridge + " cannot be intercepted and hang";
    look("net.bridge.bridge-nf-call-iptables", 0, consequence);
    look("net.bridge.bridge-nf-call-ip6tables", 0, consequence);
  }
  return found;
}

int run_kernel_check(std::span<const std::string> lan_interfaces, std::ostream& out) {
  const std::vector<Obstacle> found = kernel_obstacles(lan_interfaces);
  for (const Obstacle& obstacle : found) out << "sallyport-steering: " << obstacle.to_string() << '\n';
  return found.empty() ? 0 : exit_obstacles;
}

}  // namespace sallyport::netfilter
