// The client connections that are open now, as rows for people and pages. The admin thread alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/gateway/open_connections.hpp"

#include "api.hpp"

namespace sallyport::admin {

using LinkAddresses = std::map<IpAddress, std::string>;

// Of all workers, the newest first.
[[nodiscard]] std::vector<gateway::OpenConnection> open_connections(const Context& context);
// `links`: the kernel's table of neighbours.
[[nodiscard]] nlohmann::json row_of(const gateway::OpenConnection& facts, const LinkAddresses& links);
// Empty where the kernel does not tell.
[[nodiscard]] LinkAddresses link_addresses();

}  // namespace sallyport::admin
