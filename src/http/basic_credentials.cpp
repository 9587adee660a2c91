#include "sallyport/http/basic_credentials.hpp"

#include "sallyport/base/base64.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::http {

std::optional<BasicCredentials> proxy_credentials(const Fields& fields) {
  static constexpr std::string_view field = "Proxy-Authorization";
  if (fields.count(field) != 1) return std::nullopt;
  const std::string_view value = trim(*fields.get(field));
  const std::size_t blank = value.find(' ');
  if (blank == std::string_view::npos || !equal_ignoring_case(value.substr(0, blank), "Basic")) return std::nullopt;
  const std::optional<std::string> pair = from_base64(trim(value.substr(blank)));
  if (!pair) return std::nullopt;
  const std::size_t colon = pair->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return BasicCredentials{pair->substr(0, colon), pair->substr(colon + 1)};
}

}  // namespace sallyport::http
