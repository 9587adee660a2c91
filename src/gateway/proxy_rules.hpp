// Who may use the explicit doors, and what may be asked for there, before anything is dialled.
//
// Pure functions over the configuration in force; the worker's thread.
#pragma once

#include <string>

#include "sallyport/http/authority.hpp"
#include "sallyport/policy/verdict.hpp"

#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

// Whether `authority` is the proxy itself: its proxy_name, whatever the port, or an address and port
// where a listener of it stands. Nothing is ever dialled for it.
[[nodiscard]] bool is_proxy_itself(const http::Authority& authority, const config::Settings& settings,
                                   const netfilter::AddressSnapshot& addresses);

// What is said to those who are not among the allowed clients: may_use_proxy().
inline constexpr std::string_view not_allowed = "this client may not use the proxy ([explicit] allowed_clients)";

// Whether a tunnel or a request to `authority`, whose port is given, may be asked for. Literal addresses are judged
// here so that the refusal comes first; names are judged once they are resolved (OriginDialer). Error not_permitted
// names the key.
[[nodiscard]] Result<void> check_wish(const WorkerContext& worker, const Arrival& arrival,
                                      const http::Authority& authority);

}  // namespace sallyport::gateway
