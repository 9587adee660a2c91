// Variable-length integers (RFC 9000 §16). Private to quic.
#pragma once

#include <cstdint>

#include "sallyport/base/cursor.hpp"

namespace sallyport::quic {

// The two top bits of the first byte say in how many bytes it comes. Where those are not there the cursor fails.
inline std::uint64_t variable_integer(Cursor& cursor) {
  const std::uint8_t first = cursor.u8();
  std::uint64_t value = first & 0x3f;
  for (const std::uint8_t byte : cursor.take((std::size_t{1} << (first >> 6)) - 1)) value = value << 8 | byte;
  return value;
}

}  // namespace sallyport::quic
