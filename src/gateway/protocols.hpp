// The protocols that come with the gateway, one file each in protocols/.
#pragma once

#include "sallyport/gateway/protocol.hpp"

namespace sallyport::gateway {

[[nodiscard]] const Protocol& http1_protocol();
[[nodiscard]] const Protocol& http2_protocol();
[[nodiscard]] const Protocol& websocket_protocol();
// Relays both ways what nobody here understands.
[[nodiscard]] const Protocol& tunnel_protocol();

}  // namespace sallyport::gateway
