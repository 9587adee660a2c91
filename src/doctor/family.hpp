// Family: what differs between IPv4 and IPv6 for whoever tries both.
//
// Constants; any thread.
#pragma once

#include <sys/socket.h>

#include <string>

namespace sallyport::doctor {

struct Family {
  int domain;          // of its sockets
  const char* name;    // as people say
  const char* tables;  // the command for its rules

  [[nodiscard]] bool is_v4() const { return domain == AF_INET; }
  [[nodiscard]] std::string save() const { return std::string(tables) + "-save"; }
  [[nodiscard]] std::string restore() const { return std::string(tables) + "-restore"; }
};

inline constexpr Family ipv4{AF_INET, "IPv4", "iptables"};
inline constexpr Family ipv6{AF_INET6, "IPv6", "ip6tables"};

}  // namespace sallyport::doctor
