// Marks of flows in connection tracking, by which the kernel's rules know a flow again without asking anybody.
//
// A blocking call of a few netlink messages; any thread. Needs CAP_NET_ADMIN.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

// Takes the bits of `mask` off every flow, of IPv4 and IPv6, that has all of them; how many there were.
[[nodiscard]] Result<std::size_t> clear_flow_marks(std::uint32_t mask);

}  // namespace sallyport::netfilter
