#include "sallyport/http/websocket_handshake.hpp"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "sallyport/base/base64.hpp"
#include "sallyport/crypto/sha1.hpp"

namespace sallyport::http {
namespace {

constexpr std::string_view key_field = "Sec-WebSocket-Key";
constexpr std::string_view accept_field = "Sec-WebSocket-Accept";
constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_bytes = 16;

std::string make_key() {
  std::array<std::uint8_t, key_bytes> bytes{};
  // So few bytes come at once or, before the kernel has any, not at all; a key that can be guessed proves nothing.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return to_base64(bytes);
}

bool is_key(std::string_view text) {
  const std::optional<std::string> bytes = from_base64(text);
  return bytes && bytes->size() == key_bytes;
}

}  // namespace

std::string websocket_accept(std::string_view key) {
  std::string proof(key);
  proof += guid;
  return to_base64(crypto::sha1(bytes_of(proof)));
}

Result<void> WebSocketHandshake::prepare_request(SwitchForm origin, Fields& request) {
  origin_ = origin;
  // An earlier attempt may have removed it.
  if (client_key_.empty() && request.count(key_field) == 1) client_key_ = *request.get(key_field);
  if (origin == SwitchForm::extended_connect) {
    request.remove(key_field);
    if (client_ == SwitchForm::extended_connect || is_key(client_key_)) return {};
    return fail(ErrorKind::malformed, "the request's Sec-WebSocket-Key is not 16 bytes in base64");
  }
  if (client_ == SwitchForm::extended_connect) {
    if (sent_key_.empty()) sent_key_ = make_key();
    request.set(key_field, sent_key_);
  } else if (!client_key_.empty()) {
    request.set(key_field, client_key_);
  }
  return {};
}

Result<void> WebSocketHandshake::translate_consent(Fields& response) const {
  if (client_ == SwitchForm::upgrade) {
    if (origin_ == SwitchForm::extended_connect) response.set(accept_field, websocket_accept(client_key_));
    return {};
  }
  if (origin_ == SwitchForm::upgrade) {
    const std::optional<std::string_view> accept = response.get(accept_field);
    if (!accept || response.count(accept_field) != 1 || *accept != websocket_accept(sent_key_)) {
      return fail(ErrorKind::malformed, "the origin's Sec-WebSocket-Accept does not answer our key");
    }
  }
  response.remove(accept_field);
  return {};
}

}  // namespace sallyport::http
