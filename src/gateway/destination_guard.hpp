// Which addresses may be dialled on a client's behalf (the gateway must never become a way into itself).
//
// Pure functions over snapshots; any thread.
#pragma once

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/config/settings.hpp"
#include "sallyport/netfilter/local_addresses.hpp"

#include "target.hpp"

namespace sallyport::gateway {

// Judged on the address that would be connected to, after resolution. Error not_permitted, with the reason and the
// key that would allow it. `named_by_rule`: a rewrite's target_ip, which counts as named.
//  - nobody dials the gateway's own listeners, whatever names them;
//  - other own addresses, loopback, link-local (metadata services), multicast and reserved ones must be named;
//  - private ones must be named for clients of the explicit proxy; transparent ones route there anyway.
[[nodiscard]] Result<void> check_destination(const Endpoint& destination, Door door, bool named_by_rule,
                                             const config::Settings& settings,
                                             const netfilter::AddressSnapshot& addresses);

// Whether a client at this address may use the explicit proxy at all.
[[nodiscard]] bool may_use_proxy(const IpAddress& client, const config::Settings& settings,
                                 const netfilter::AddressSnapshot& addresses);

}  // namespace sallyport::gateway
