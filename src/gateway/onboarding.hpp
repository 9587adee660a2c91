// Onboarding: the pages where clients fetch the CA certificate and see whether they trust it already.
//
// At http://<proxy_name>/ through the proxy, and on the addresses of [listen] onboarding. One worker's thread; the
// arguments outlive the calls.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/http/message.hpp"
#include "sallyport/http/pages.hpp"
#include "sallyport/io/stream.hpp"
#include "sallyport/io/task.hpp"

#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

// Whether a request to the proxy, other than CONNECT, is for the proxy itself: for its name, or for one of
// this machine's addresses by a client that takes it for a web server.
[[nodiscard]] bool names_proxy_itself(const WorkerContext& worker, const Arrival& arrival,
                                      const http::RequestHead& request);

// The answer to such a request.
[[nodiscard]] http::Page onboarding_page(const WorkerContext& worker, const http::RequestHead& request,
                                         std::string_view request_id);

// A connection to a listener of [listen] onboarding: HTTP in the clear, and on the same port inside TLS, so that the
// page can see whether a browser trusts us.
io::Task<void> serve_onboarding(WorkerContext& worker, Lifetime& lifetime, io::Stream& client, Arrival arrival);

}  // namespace sallyport::gateway
