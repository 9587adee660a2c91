// WebSocketHandshake: one opening handshake of a WebSocket, carried between two sides that may speak different HTTP.
//
// HTTP/1.1 proves by Sec-WebSocket-Key and Sec-WebSocket-Accept that the other side understood (RFC 6455 §4); an
// extended CONNECT of HTTP/2 needs no proof and has neither (RFC 8441 §5). Where the sides differ, the half that one of
// them lacks is made or checked here. All other fields, subprotocols and extensions among them, pass as they are.
//
// Pure but for random keys; owned by the exchange it belongs to, one thread.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"
#include "sallyport/http/message.hpp"

namespace sallyport::http {

// How a switch of protocols is asked for.
enum class SwitchForm {
  upgrade,           // HTTP/1.1 (RFC 9110 §7.8)
  extended_connect,  // HTTP/2 (RFC 8441)
};

class WebSocketHandshake {
 public:
  explicit WebSocketHandshake(SwitchForm client) : client_(client) {}

  // Makes the client's request one that `origin` understands; once more for each attempt. Error malformed: the key
  // that has to be answered in the origin's place is not one (RFC 6455 §4.2.1).
  Result<void> prepare_request(SwitchForm origin, Fields& request);
  // Makes the origin's consent one that the client understands. Error malformed: the origin's answer to a key of ours
  // is not its accept value (RFC 6455 §4.1).
  Result<void> translate_consent(Fields& response) const;

 private:
  SwitchForm client_;
  SwitchForm origin_ = SwitchForm::upgrade;
  std::string client_key_;
  std::string sent_key_;
};

// The Sec-WebSocket-Accept that proves that `key` was understood (RFC 6455 §4.2.2).
[[nodiscard]] std::string websocket_accept(std::string_view key);

}  // namespace sallyport::http
