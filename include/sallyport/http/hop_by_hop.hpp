// What of a message must not travel further than one hop (RFC 9110 §7.6.1), and what may be a trailer
// field (§6.5.1). Pure functions; any thread.
#pragma once

#include <string_view>

#include "sallyport/http/message.hpp"

namespace sallyport::http {

// Removes from a request's fields Connection and what it lists, Keep-Alive, Upgrade, HTTP2-Settings,
// every Proxy-… field, Host, and framing. Fields by which a message is framed, routed, identified or
// authenticated stay although Connection lists them: a client may not strip Cookie or Authorization from
// its own request through us. TE is reduced to `trailers`, which our own hop honours, or removed.
void remove_hop_by_hop_from_request(Fields& fields);

// The same for a response; of the Proxy-… fields those that would make a client talk to this hop.
void remove_hop_by_hop_from_response(Fields& fields);

// Whether a field of this name may stand in a trailer section.
[[nodiscard]] bool may_be_trailer(std::string_view name);

// Removes the fields that may not.
void remove_forbidden_trailers(Fields& trailers);

}  // namespace sallyport::http
