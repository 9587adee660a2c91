// Base64 with the standard alphabet and padding (RFC 4648 §4). Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/bytes.hpp"

namespace sallyport {

[[nodiscard]] std::string to_base64(ByteView bytes);

// nullopt for anything but the one proper spelling: wrong padding, blanks, foreign characters, and bits set behind the
// last byte, which other decoders read differently (RFC 4648 §3.5).
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace sallyport
