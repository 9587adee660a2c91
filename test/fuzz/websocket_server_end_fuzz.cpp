// Target function: WebSocketServerEnd::received
//
// Whatever viewers send, and in whatever pieces: what they are answered is frames of a server, no longer than what they
// sent can ask for, and nothing follows the end.
#include <cstdlib>
#include <iostream>
#include <string>

#include "sallyport/http/websocket_observer.hpp"
#include "sallyport/http/websocket_server_end.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::cerr << what << "\n";
  std::abort();
}

void answer(ByteView bytes, std::size_t piece) {
  const auto end = WebSocketServerEnd::create();
  if (!end) return;
  const std::size_t sent = bytes.size();
  std::string replies;
  while (!bytes.empty()) {
    const std::size_t count = std::min(piece, bytes.size());
    const bool was_over = (*end)->over();
    const std::size_t before = replies.size();
    (*end)->received(bytes.first(count), replies);
    require(!was_over || replies.size() == before, "an answer after the end");
    bytes = bytes.subspan(count);
  }
  // A pong is no longer than its ping; a Close has at most a code and a reason.
  require(replies.size() <= sent + 127, "answers longer than what was said");
  WebSocketObserver observer(WebSocketSender::server);
  observer.passed(bytes_of(replies));
  require(observer.counts().broken.empty(), "an answer that is no frame");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, size + 1}) answer(ByteView(data, size), piece);
  return 0;
}
