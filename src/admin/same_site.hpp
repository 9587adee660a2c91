// Whether a request comes from the dashboard's own pages, as far as a browser lets one know.
//
// A page of somebody else's can have a browser send requests here, with the browser's cookie (cross-site requests), and
// can give its own name our address, so that the browser takes it for the same site (DNS rebinding). What it cannot do
// is to forge Host, Origin and Sec-Fetch-Site. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/http/message.hpp"

namespace sallyport::admin {

// Where a browser's connection has come in.
struct Gate {
  Endpoint local;    // our end of it
  bool tls = false;  // which decides the scheme and whether cookies are Secure
  std::string name;  // by which this machine may be called besides
};

// The request's host must be the address and port that the browser is connected to, the gate's name, or, on a loopback
// address, localhost. Error not_permitted, in a sentence that says what to do.
[[nodiscard]] Result<void> check_host(const http::RequestHead& request, const Gate& gate);

// Origin, where there is one, must be the request's own host and scheme, and Sec-Fetch-Site no other site's (Fetch
// §3.2, Fetch Metadata §2.4). Programs that are no browsers send neither. Error not_permitted.
[[nodiscard]] Result<void> check_origin(const http::RequestHead& request, const Gate& gate);

// The value of the first cookie of that name (RFC 6265 §4.2).
[[nodiscard]] std::optional<std::string_view> cookie(const http::Fields& fields, std::string_view name);

}  // namespace sallyport::admin
