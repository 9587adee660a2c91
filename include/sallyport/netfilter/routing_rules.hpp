// The kernel's routing rules and routes, whoever made them: what `ip rule` and `ip route get` show.
//
// Blocking calls of a few rtnetlink messages; any thread. Need no privilege.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

struct RoutingRule {
  bool v4 = true;
  std::uint32_t priority = 0;
  std::uint32_t mark = 0;
  std::uint32_t mask = 0;   // 0: whatever the mark
  std::uint32_t table = 0;  // 0: it does something else than looking one up
  bool inverted = false;    // for what does not match
  bool selective = false;   // it looks at more than the mark: addresses, interfaces, ports, users
  // As `ip rule` would name it.
  [[nodiscard]] std::string to_string() const;
};

// In the order in which the kernel asks them, IPv4 before IPv6.
[[nodiscard]] Result<std::vector<RoutingRule>> routing_rules();

struct TableRoute {
  bool v4 = true;
  std::optional<Prefix> destination;  // none: everywhere
  bool local = false;                 // delivered to this machine
};

[[nodiscard]] Result<std::vector<TableRoute>> routes_of_table(std::uint32_t table);

struct FoundRoute {
  std::string interface;
  int prefix_length = 0;  // of the route that was found; 0: a default route
  bool local = false;     // an address of this machine
};

// How this machine would send to `destination`; nullopt: it has no route.
[[nodiscard]] Result<std::optional<FoundRoute>> route_to(const IpAddress& destination);

}  // namespace sallyport::netfilter
