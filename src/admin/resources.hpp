// What the API's paths give, a function each.
#pragma once

#include "api.hpp"

namespace sallyport::admin {

// GET /api/v1/status
[[nodiscard]] Reply status(const Context& context);
// GET /metrics: the text format that Prometheus scrapes.
[[nodiscard]] Reply metrics(const Context& context);

}  // namespace sallyport::admin
