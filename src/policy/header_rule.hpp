// The `header` of a [rewrite]. Pure; any thread.
#pragma once

#include <string_view>

#include "sallyport/base/result.hpp"
#include "sallyport/policy/verdict.hpp"

namespace sallyport::policy {

// Reads "Name: value" by RFC 9110 §5.1 and §5.5. Refused are fields that frame messages or belong to one
// connection (RFC 9110 §7.6.1, RFC 9112 §6), those that say where a request goes, and X-Request-ID, which the
// gateway sets itself.
[[nodiscard]] Result<HeaderField> parse_header(std::string_view text);

}  // namespace sallyport::policy
