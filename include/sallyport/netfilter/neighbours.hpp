// The kernel's neighbour table: which link-layer address answers for an IP address (ARP, RFC 826; NDP, RFC 4861).
//
// Any thread; one question to the kernel for each call.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

// "02:42:ac:11:00:02" by address; those without a usable answer are left out.
[[nodiscard]] Result<std::map<IpAddress, std::string>> neighbours();

// Who was heard of on one interface.
[[nodiscard]] Result<std::vector<IpAddress>> neighbours_on(const std::string& interface);

}  // namespace sallyport::netfilter
