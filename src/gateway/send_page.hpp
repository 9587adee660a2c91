// Sends a page of our own as the whole answer to an exchange. A coroutine of the exchange; one worker's thread.
#pragma once

#include "sallyport/http/exchange.hpp"
#include "sallyport/http/pages.hpp"

namespace sallyport::gateway {

// Without its body in the answer to HEAD (RFC 9110 §9.3.2). `page` outlives the task.
io::Task<Result<void>> send_page(http::Exchange& exchange, const http::Page& page);

}  // namespace sallyport::gateway
