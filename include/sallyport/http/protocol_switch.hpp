// ProtocolSwitch: a client's wish to go on in another protocol, carried to an origin that may be asked in another form.
//
// HTTP/1.1's Upgrade is an offer, which may be ignored; HTTP/2's extended CONNECT (RFC 8441) is a demand: an answer
// that does not switch has to be an error. Pure values, owned by the exchange they belong to; one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/http/message.hpp"
#include "sallyport/http/websocket_handshake.hpp"

namespace sallyport::http {

class ProtocolSwitch {
 public:
  ProtocolSwitch() = default;
  // `offered`: what the client would switch to, lower-case, its favourite first; `allowed`: what may be relayed.
  ProtocolSwitch(SwitchForm client, const std::vector<std::string>& offered, const std::vector<std::string>& allowed);

  // Something is to be offered to the origin.
  [[nodiscard]] bool wanted() const { return !tokens_.empty(); }
  // An extended CONNECT for what may not be relayed: to be answered with 501 (RFC 9220 §3 says so for both versions).
  [[nodiscard]] bool impossible() const { return demanded_ && tokens_.empty(); }

  // What to offer an origin that is asked in this form, its request's fields made to fit; "" for nothing. Once more
  // for each attempt. Error malformed: the client's part of the handshake cannot be translated.
  Result<std::string> prepare_request(SwitchForm origin, Fields& request);

  // The origin switches: to which of the tokens that were offered. `response` is as the origin sent it, and becomes
  // what the client understands. Error malformed: not to one of those, or without the proof that the client cannot
  // check itself.
  Result<std::string> accept(Fields& response) const;
  // The origin gives its final answer in HTTP. Error malformed: it would read as consent (RFC 8441 §5).
  [[nodiscard]] Result<void> decline(unsigned status) const;

 private:
  bool demanded_ = false;
  SwitchForm origin_ = SwitchForm::upgrade;
  std::vector<std::string> tokens_;
  std::optional<WebSocketHandshake> websocket_;
};

}  // namespace sallyport::http
