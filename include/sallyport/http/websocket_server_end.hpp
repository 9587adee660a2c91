// WebSocketServerEnd: our end of a WebSocket on which the client has nothing to say (RFC 6455): its pings are answered,
// its Close is, its messages are read and dropped. And the frames to send.
//
// It moves no bytes itself. One thread; owned by whoever serves the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/http/message.hpp"

struct wslay_event_context;

namespace sallyport::http {

// The answer to an opening handshake over HTTP/1.1, to be sent with the status 101 (RFC 6455 §4.2.2). Error malformed:
// it is none of version 13.
[[nodiscard]] Result<ResponseHead> accept_websocket(const RequestHead& request);

// One unmasked frame with a whole text message, for any number of clients (RFC 6455 §5.2). `text` is UTF-8.
[[nodiscard]] std::string websocket_text_frame(std::string_view text);

class WebSocketServerEnd {
 public:
  // Error exhausted: out of memory.
  static Result<std::unique_ptr<WebSocketServerEnd>> create();
  ~WebSocketServerEnd();
  WebSocketServerEnd(const WebSocketServerEnd&) = delete;
  WebSocketServerEnd& operator=(const WebSocketServerEnd&) = delete;

  // The client's next bytes. What they have to be answered with is appended to `replies`.
  void received(ByteView bytes, std::string& replies);
  // Appends our Close frame, unless one was sent (RFC 6455 §7.4.1 tells the codes).
  void close(std::uint16_t code, std::string& replies);
  // The closing handshake is over, or the client has broken the framing: once `replies` is sent, nothing follows.
  [[nodiscard]] bool over() const;

 private:
  struct Callbacks;
  struct Free {
    void operator()(wslay_event_context* context) const noexcept;
  };

  WebSocketServerEnd() = default;
  void drain(std::string& replies);

  std::unique_ptr<wslay_event_context, Free> context_;
  ByteView input_;
  std::string* output_ = nullptr;
  bool broken_ = false;
};

}  // namespace sallyport::http
