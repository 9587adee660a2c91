// The right to change the network (CAP_NET_ADMIN), which one thread needs and the others had better not have at hand.
//
// Capabilities are a thread's own; threads inherit them from the one that starts them.
#pragma once

#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

// This thread stops using it, and may take it back.
[[nodiscard]] Result<void> put_net_admin_aside();
// This thread uses it. No error where the process was never given it: what needs it will say so.
[[nodiscard]] Result<void> take_net_admin_back();

}  // namespace sallyport::netfilter
