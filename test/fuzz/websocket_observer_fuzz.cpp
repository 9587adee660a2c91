// Target function: WebSocketObserver::passed
//
// The first byte says who sends; the pieces in which the rest arrives decide nothing, and no count exceeds what came.
#include <cstdlib>
#include <iostream>

#include "sallyport/http/websocket_observer.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

WebSocketCounts observe(ByteView bytes, WebSocketSender sender, std::size_t piece) {
  WebSocketObserver observer(sender);
  while (!bytes.empty()) {
    const std::size_t count = std::min(piece, bytes.size());
    observer.passed(bytes.first(count));
    bytes = bytes.subspan(count);
  }
  return observer.counts();
}

void require(bool condition, const char* what) {
  if (condition) return;
  std::cerr << what << "\n";
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const WebSocketSender sender = data[0] % 2 == 0 ? WebSocketSender::client : WebSocketSender::server;
  const ByteView bytes(data + 1, size - 1);
  const WebSocketCounts whole = observe(bytes, sender, bytes.size());
  for (const std::size_t piece : {1, 2, 5}) {
    require(observe(bytes, sender, piece) == whole, "the split decides what is counted");
  }
  require(whole.frames * 2 + whole.payload_bytes <= bytes.size(), "more than came");
  require(whole.messages() + whole.pings + whole.pongs <= whole.frames, "more messages than frames");
  require(whole.compressed_messages <= whole.messages(), "more compressed messages than messages");
  require(whole.largest_message <= whole.payload_bytes, "a message larger than all of them");
  return 0;
}
