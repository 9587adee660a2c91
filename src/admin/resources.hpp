// What the API's paths give, a function each.
#pragma once

#include "api.hpp"

namespace sallyport::admin {

// GET /api/v1/status
[[nodiscard]] Reply status(const Context& context, const Request& request);
// GET /api/v1/dashboard: the links that log in, for who may ask on the control socket alone.
[[nodiscard]] Reply dashboard(const Context& context, const Request& request);
// GET /api/v1/connections: what is open now, the newest first. Queries: client, name, limit.
[[nodiscard]] Reply connections(const Context& context, const Request& request);
// GET /metrics: the text format that Prometheus scrapes.
[[nodiscard]] Reply metrics(const Context& context, const Request& request);
// GET /api/v1/exchanges: what the history holds, the newest first. Queries: client, host, verdict, text, status, since
// and until (seconds since 1970), before (a row), limit.
[[nodiscard]] Reply exchanges(const Context& context, const Request& request);
// GET /api/v1/explain: what policy makes of a name. Queries: name, client.
[[nodiscard]] Reply explain(const Context& context, const Request& request);
// GET /api/v1/trust: which devices take our leaves, and which programs accept no certificate but their own.
[[nodiscard]] Reply trust(const Context& context, const Request& request);
// GET /api/v1/har: the same as an HTTP Archive (HAR 1.2).
[[nodiscard]] Reply har(const Context& context, const Request& request);
// GET /api/v1/exchanges/{}: the one with this request id, with its messages.
[[nodiscard]] Reply exchange(const Context& context, const Request& request);

// POST /api/v1/capture: what clients and origins say to each other from now on, as pcapng with the secrets in it. Body:
// {"name": name, "client": address, "seconds": number}, the second optional.
[[nodiscard]] io::Task<Reply> capture(const Context& context, Request request);
// POST /api/v1/reload: 422 with the problems where the configuration cannot be used.
[[nodiscard]] io::Task<Reply> reload(const Context& context, Request request);
// POST /api/v1/exchanges/{}/replay: sends the request with this id once more. Body: {"to": host, "headers": {name:
// value}}, both optional. 409 where it cannot be sent again as it was.
[[nodiscard]] io::Task<Reply> replay(const Context& context, Request request);

}  // namespace sallyport::admin
