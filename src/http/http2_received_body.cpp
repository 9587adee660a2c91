#include "http2_received_body.hpp"

#include <utility>

namespace sallyport::http::http2 {

io::Task<Result<ByteView>> ReceivedBody::read() {
  flow_.consume(std::exchange(given_, 0));
  for (;;) {
    if (stopped_) co_return fail(ErrorKind::cancelled, "nobody wants the rest of the body");
    const ByteView part = flow_.received();
    given_ = part.size();
    if (!part.empty() || flow_.ended()) co_return part;
    if (flow_.closed()) co_return std::unexpected(flow_.error());
    flow_.set_deadline(flow_.loop().now() + patience_);
    const Result<void> readable = co_await flow_.ready(io::Interest::readable);
    if (!readable) co_return std::unexpected(readable.error());
  }
}

void ReceivedBody::stop() {
  stopped_ = true;
  flow_.wake_readers();
}

bool ReceivedBody::has_buffered() { return stopped_ || flow_.unread() > given_ || flow_.ended() || flow_.closed(); }

}  // namespace sallyport::http::http2
