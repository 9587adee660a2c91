// The two views that all bytes travel in. Neither owns: the caller keeps the memory alive for the call.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport {

using ByteView = std::span<const std::uint8_t>;  // to read from
using ByteSpan = std::span<std::uint8_t>;        // to write into

[[nodiscard]] inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace sallyport
