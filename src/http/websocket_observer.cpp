#include "sallyport/http/websocket_observer.hpp"

#include <algorithm>

#include <wslay/wslay.h>

namespace sallyport::http {
namespace {

// RFC 6455 §7.4.1: says that a Close frame carried no code.
constexpr std::uint16_t no_code = 1005;

// RFC 6455 §5.2: how many bytes came before the payload.
std::uint64_t header_bytes(const wslay_frame_iocb& frame) {
  std::uint64_t bytes = frame.mask != 0 ? 6 : 2;
  if (frame.payload_length > 0xffff) return bytes + 8;
  return frame.payload_length > 125 ? bytes + 2 : bytes;
}

bool is_known(std::uint8_t opcode) {
  switch (opcode) {
    case WSLAY_CONTINUATION_FRAME:
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME:
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG:
      return true;
    default:
      return false;
  }
}

}  // namespace

void WebSocketObserver::FreeParser::operator()(wslay_frame_context* parser) const noexcept {
  wslay_frame_context_free(parser);
}

void WebSocketObserver::passed(ByteView bytes) {
  if (over() || bytes.empty()) return;
  if (!parser_ && !open_parser()) return break_off("no memory to observe with");
  input_ = bytes;
  unfinished_ += bytes.size();
  while (!over()) {
    wslay_frame_iocb part{};
    const ssize_t got = wslay_frame_recv(parser_.get(), &part);
    if (got == WSLAY_ERR_WANT_READ) break;
    if (got < 0) {
      break_off("a length or a control frame that RFC 6455 forbids");
    } else {
      on_part(part);
    }
  }
  input_ = {};
  if (unfinished_ == 0 || over()) parser_.reset();
}

bool WebSocketObserver::open_parser() {
  const wslay_frame_callbacks callbacks{nullptr, &WebSocketObserver::take_input, nullptr};
  wslay_frame_context* made = nullptr;
  if (wslay_frame_context_init(&made, &callbacks, this) != 0) return false;
  parser_.reset(made);
  return true;
}

long WebSocketObserver::take_input(std::uint8_t* into, std::size_t room, int /*flags*/, void* self) {
  ByteView& input = static_cast<WebSocketObserver*>(self)->input_;
  const std::size_t count = std::min(room, input.size());
  if (count == 0) return -1;
  std::copy_n(input.begin(), count, into);
  input = input.subspan(count);
  return static_cast<long>(count);
}

void WebSocketObserver::break_off(std::string_view why) { counts_.broken = why; }

void WebSocketObserver::on_part(const wslay_frame_iocb& part) {
  if (!in_frame_ && !on_frame_start(part)) return;
  frame_left_ -= part.data_length;
  if (part.opcode == WSLAY_CONNECTION_CLOSE) {
    const std::size_t count = std::min(part.data_length, close_payload_.size() - close_payload_size_);
    std::copy_n(part.data, count, close_payload_.begin() + close_payload_size_);
    close_payload_size_ += count;
  } else if (!wslay_is_ctrl_frame(part.opcode)) {
    counts_.payload_bytes += part.data_length;
    message_->bytes += part.data_length;
  }
  if (frame_left_ == 0) on_frame_end(part);
}

// False: what came is no frame that may stand here.
bool WebSocketObserver::on_frame_start(const wslay_frame_iocb& part) {
  const bool masked = part.mask != 0;
  if (masked != (sender_ == WebSocketSender::client)) {
    break_off(masked ? "a masked frame of a server" : "an unmasked frame of a client");
    return false;
  }
  if (!is_known(part.opcode)) {
    break_off("a reserved opcode");
    return false;
  }
  if (!wslay_is_ctrl_frame(part.opcode)) {
    const bool continues = part.opcode == WSLAY_CONTINUATION_FRAME;
    if (continues != message_.has_value()) {
      break_off(continues ? "a continuation of no message" : "a message within another one");
      return false;
    }
    if (!continues) message_ = Message{part.opcode, wslay_get_rsv1(part.rsv) != 0, 0};
  }
  in_frame_ = true;
  frame_left_ = part.payload_length;
  return true;
}

void WebSocketObserver::on_frame_end(const wslay_frame_iocb& part) {
  in_frame_ = false;
  unfinished_ -= header_bytes(part) + part.payload_length;
  ++counts_.frames;
  if (part.opcode == WSLAY_PING) ++counts_.pings;
  if (part.opcode == WSLAY_PONG) ++counts_.pongs;
  if (part.opcode == WSLAY_CONNECTION_CLOSE) {
    const bool coded = close_payload_size_ == close_payload_.size();
    counts_.close_code = coded ? static_cast<std::uint16_t>(close_payload_[0] << 8 | close_payload_[1]) : no_code;
  }
  if (wslay_is_ctrl_frame(part.opcode) || part.fin == 0) return;
  ++(message_->opcode == WSLAY_TEXT_FRAME ? counts_.text_messages : counts_.binary_messages);
  if (message_->compressed) ++counts_.compressed_messages;
  counts_.largest_message = std::max(counts_.largest_message, message_->bytes);
  message_.reset();
}

}  // namespace sallyport::http
