#include "sallyport/http/websocket_server_end.hpp"

#include <algorithm>

#include <wslay/wslay.h>

#include "sallyport/base/base64.hpp"
#include "sallyport/http/websocket_handshake.hpp"

namespace sallyport::http {
namespace {

// Nobody reads what clients say here; a longer message ends the connection (1009).
constexpr std::uint64_t longest_message = 4096;
constexpr std::size_t key_bytes = 16;

// RFC 6455 §5.2: the first byte of a whole text message, and how lengths are told.
constexpr char whole_text = static_cast<char>(0x81);
constexpr std::size_t longest_short = 125;
constexpr char two_bytes_follow = 126;
constexpr char eight_bytes_follow = 127;

}  // namespace

Result<ResponseHead> accept_websocket(const RequestHead& request) {
  const Fields& fields = request.fields;
  if (fields.get("Sec-WebSocket-Version") != "13") {
    return fail(ErrorKind::malformed, "WebSockets of version 13 are spoken here");
  }
  const std::optional<std::string_view> key = fields.get("Sec-WebSocket-Key");
  const std::optional<std::string> bytes = key ? from_base64(*key) : std::nullopt;
  if (!bytes || bytes->size() != key_bytes || fields.count("Sec-WebSocket-Key") != 1) {
    return fail(ErrorKind::malformed, "the request's Sec-WebSocket-Key is not 16 bytes in base64");
  }
  ResponseHead head;
  head.status = 101;
  head.fields.add("Sec-WebSocket-Accept", websocket_accept(*key));
  return head;
}

std::string websocket_text_frame(std::string_view text) {
  std::string frame(1, whole_text);
  std::size_t length_bytes = 0;
  if (text.size() <= longest_short) {
    frame += static_cast<char>(text.size());
  } else if (text.size() <= 0xffff) {
    frame += two_bytes_follow;
    length_bytes = 2;
  } else {
    frame += eight_bytes_follow;
    length_bytes = 8;
  }
  for (std::size_t left = length_bytes; left > 0; --left) {
    frame += static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * (left - 1)) & 0xff);
  }
  return frame.append(text);
}

struct WebSocketServerEnd::Callbacks {
  static ssize_t take(wslay_event_context* context, std::uint8_t* into, std::size_t room, int /*flags*/, void* self) {
    ByteView& input = static_cast<WebSocketServerEnd*>(self)->input_;
    const std::size_t count = std::min(room, input.size());
    if (count == 0) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    std::copy_n(input.begin(), count, into);
    input = input.subspan(count);
    return static_cast<ssize_t>(count);
  }
  static ssize_t put(wslay_event_context* /*context*/, const std::uint8_t* bytes, std::size_t count, int /*flags*/,
                     void* self) {
    static_cast<WebSocketServerEnd*>(self)->output_->append(text_of({bytes, count}));
    return static_cast<ssize_t>(count);
  }
};

void WebSocketServerEnd::Free::operator()(wslay_event_context* context) const noexcept {
  wslay_event_context_free(context);
}

Result<std::unique_ptr<WebSocketServerEnd>> WebSocketServerEnd::create() {
  std::unique_ptr<WebSocketServerEnd> made(new WebSocketServerEnd);
  wslay_event_callbacks callbacks{};
  callbacks.recv_callback = &Callbacks::take;
  callbacks.send_callback = &Callbacks::put;
  wslay_event_context* context = nullptr;
  if (wslay_event_context_server_init(&context, &callbacks, made.get()) != 0) {
    return fail(ErrorKind::exhausted, "no memory for a WebSocket");
  }
  made->context_.reset(context);
  wslay_event_config_set_max_recv_msg_length(context, longest_message);
  return made;
}

WebSocketServerEnd::~WebSocketServerEnd() = default;

void WebSocketServerEnd::received(ByteView bytes, std::string& replies) {
  input_ = bytes;
  // Each round takes all there is; what it queues as an answer goes to `replies` before the next bytes come.
  if (!over() && wslay_event_recv(context_.get()) != 0) broken_ = true;
  input_ = {};
  drain(replies);
}

void WebSocketServerEnd::close(std::uint16_t code, std::string& replies) {
  if (over()) return;
  if (wslay_event_queue_close(context_.get(), code, nullptr, 0) != 0) broken_ = true;
  drain(replies);
}

void WebSocketServerEnd::drain(std::string& replies) {
  output_ = &replies;
  if (wslay_event_send(context_.get()) != 0) broken_ = true;
  output_ = nullptr;
}

bool WebSocketServerEnd::over() const { return broken_ || wslay_event_get_close_sent(context_.get()) != 0; }

}  // namespace sallyport::http
