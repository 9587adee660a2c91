// SHA-1 (FIPS 180-4), for protocols that name it where it protects nothing (RFC 6455 §1.3). Any thread.
#pragma once

#include <array>
#include <cstdint>

#include "sallyport/base/bytes.hpp"

namespace sallyport::crypto {

[[nodiscard]] std::array<std::uint8_t, 20> sha1(ByteView bytes);

}  // namespace sallyport::crypto
