#include "sallyport/http/protocol_switch.hpp"

#include <algorithm>

#include "sallyport/base/text.hpp"

namespace sallyport::http {

ProtocolSwitch::ProtocolSwitch(SwitchForm client, const std::vector<std::string>& offered,
                               const std::vector<std::string>& allowed)
    : demanded_(client == SwitchForm::extended_connect && !offered.empty()) {
  for (const std::string& token : offered) {
    const bool relayed = std::any_of(allowed.begin(), allowed.end(),
                                     [&](const std::string& name) { return equal_ignoring_case(name, token); });
    if (!relayed) continue;
    tokens_.push_back(token);
    if (token == "websocket") websocket_.emplace(client);
  }
}

Result<std::string> ProtocolSwitch::prepare_request(SwitchForm origin, Fields& request) {
  origin_ = origin;
  if (tokens_.empty()) return std::string();
  // A CONNECT names one protocol.
  const std::size_t count = origin == SwitchForm::extended_connect ? 1 : tokens_.size();
  std::string value;
  for (std::size_t at = 0; at < count; ++at) value += (at > 0 ? ", " : "") + tokens_[at];
  const bool for_websocket = count > 1 || tokens_.front() == "websocket";
  if (websocket_ && for_websocket) {
    const Result<void> prepared = websocket_->prepare_request(origin, request);
    if (!prepared) return std::unexpected(prepared.error());
  }
  return value;
}

Result<std::string> ProtocolSwitch::accept(Fields& response) const {
  if (tokens_.empty()) return fail(ErrorKind::malformed, "the origin switches protocols unasked");
  std::string chosen = tokens_.front();
  if (origin_ == SwitchForm::upgrade) {
    const std::optional<std::string_view> upgrade = response.get("Upgrade");
    const auto named = std::find_if(tokens_.begin(), tokens_.end(), [&](const std::string& token) {
      return upgrade && equal_ignoring_case(trim(*upgrade), token);
    });
    if (named == tokens_.end()) return fail(ErrorKind::malformed, "the origin switches to what was not offered");
    chosen = *named;
  }
  if (chosen == "websocket") {
    const Result<void> translated = websocket_->translate_consent(response);
    if (!translated) return std::unexpected(translated.error());
  }
  return chosen;
}

Result<void> ProtocolSwitch::decline(unsigned status) const {
  if (!demanded_ || status < 200 || status > 299) return {};
  return fail(ErrorKind::malformed, "the origin answers HTTP where " + tokens_.front() + " was asked for");
}

}  // namespace sallyport::http
