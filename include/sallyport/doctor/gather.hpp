// gather: reads from the machine what the checks look at.
//
// Blocks for a few commands and netlink messages; nothing is changed. Any thread.
#pragma once

#include <string>

#include "sallyport/doctor/context.hpp"

namespace sallyport::doctor {

// Fills what a Context is made of besides what `known` holds already: settings, paths and what the daemon says.
[[nodiscard]] Context gather(Context known);

// The process at the other end of a local socket (unix(7)), as the kernel tells; 0: nobody listens there.
struct SocketOwner {
  pid_t process = 0;
  uid_t user = 0;
};
[[nodiscard]] SocketOwner owner_of_socket(const std::string& path);

// Asks the name servers for a name, 5 seconds at most. An answer that there is no such name is an answer.
[[nodiscard]] Result<void> ask_name_servers(const std::vector<Endpoint>& servers);

// All rules of a family. `program`: iptables-save or ip6tables-save.
[[nodiscard]] Result<FirewallRules> read_firewall(const std::string& program);

}  // namespace sallyport::doctor
