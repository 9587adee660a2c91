#include "send_page.hpp"

namespace sallyport::gateway {

io::Task<Result<void>> send_page(http::Exchange& exchange, const http::Page& page) {
  static const http::Fields no_trailers;
  http::ResponseSink& response = exchange.response;
  Result<void> sent = co_await response.send_head(page.head, http::BodyShape::sized(page.body.size()));
  if (sent && exchange.request.method != "HEAD") sent = co_await response.send_body(bytes_of(page.body));
  if (sent) sent = co_await response.finish(no_trailers);
  co_return sent;
}

}  // namespace sallyport::gateway
