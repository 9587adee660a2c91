#include "sallyport/record/kept_message.hpp"

#include <algorithm>
#include <array>

#include "sallyport/base/text.hpp"

namespace sallyport::record {
bool carries_secret(std::string_view field_name) {
  // RFC 9110 §11.6.2, §11.7.2, RFC 6265 §4; then what APIs and frameworks made up.
  static constexpr std::array<std::string_view, 5> names = {"authorization", "proxy-authorization",
                                                            "authentication-info", "cookie", "set-cookie"};
  static constexpr std::array<std::string_view, 11> parts = {
      "token", "secret", "passw", "apikey", "api-key", "api_key", "credential", "session", "csrf", "xsrf", "signature"};
  const std::string name = to_lower(field_name);
  return std::ranges::find(names, name) != names.end() || name.find("auth-") != std::string::npos ||
         std::ranges::any_of(parts, [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

void KeptMessage::add_field(std::string_view name, std::string_view value) {
  fields.append(name).append(": ").append(value).append("\n");
}

void KeptMessage::add_body(ByteView part, std::size_t most) {
  const std::size_t room = most - std::min(body.size(), most);
  const ByteView taken = part.first(std::min(room, part.size()));
  body.append(reinterpret_cast<const char*>(taken.data()), taken.size());
  if (taken.size() < part.size()) body_cut = true;
}

}  // namespace sallyport::record
