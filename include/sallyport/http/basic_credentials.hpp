// The Basic scheme (RFC 7617), as a proxy asks for it and gets it. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sallyport/http/message.hpp"

namespace sallyport::http {

struct BasicCredentials {
  std::string name;
  std::string password;
};

// What the request's one Proxy-Authorization field says. nullopt: there is none, there are several, or it is of another
// scheme or broken.
[[nodiscard]] std::optional<BasicCredentials> proxy_credentials(const Fields& fields);

// The value of Proxy-Authenticate in a 407 (RFC 9110 §11.7.1).
inline constexpr std::string_view basic_challenge = "Basic realm=\"sallyport\", charset=\"UTF-8\"";

}  // namespace sallyport::http
