// The bounds that every HTTP server of ours takes from the settings.
#pragma once

#include "sallyport/config/settings.hpp"
#include "sallyport/http/http1_server.hpp"

namespace sallyport::gateway {

[[nodiscard]] inline http::http1::ServerOptions http_server_options(const config::Settings& settings) {
  return {.limits = {.header_bytes = settings.limits.header_bytes},
          .header = settings.limits.header,
          .idle = settings.limits.client_idle,
          .body = settings.upstream.idle_timeout};
}

}  // namespace sallyport::gateway
