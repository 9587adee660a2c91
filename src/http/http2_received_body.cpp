#include "http2_received_body.hpp"

#include <utility>

namespace sallyport::http::http2 {

void ReceivedBody::consume_given() { flow_.consume(std::exchange(given_, 0)); }

io::Task<Result<ByteView>> ReceivedBody::read() {
  consume_given();
  for (;;) {
    if (stopped_) co_return fail(ErrorKind::cancelled, "nobody wants the rest of the body");
    const ByteView part = flow_.received();
    if (!part.empty()) {
      given_ = part.size();
      co_return part;
    }
    if (flow_.ended()) {
      if (!trailers_.fault.empty()) co_return fail(ErrorKind::malformed, trailers_.fault);
      co_return ByteView();
    }
    if (flow_.closed()) co_return std::unexpected(flow_.error());
    flow_.set_deadline(flow_.loop().now() + patience_);
    const Result<void> readable = co_await flow_.ready(io::Interest::readable);
    if (!readable) co_return std::unexpected(readable.error());
  }
}

void ReceivedBody::stop() {
  if (std::exchange(stopped_, true)) return;
  flow_.wake_readers();
}

bool ReceivedBody::has_buffered() {
  consume_given();
  return stopped_ || !flow_.received().empty() || flow_.ended() || flow_.closed();
}

}  // namespace sallyport::http::http2
