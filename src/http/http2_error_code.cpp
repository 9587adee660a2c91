#include <array>
#include <cstdio>

#include "http2_flow.hpp"

namespace sallyport::http::http2 {

std::string text_of(ErrorCode code) {
  const auto number = static_cast<std::uint32_t>(code);
  std::array<char, 16> hexadecimal{};
  std::snprintf(hexadecimal.data(), hexadecimal.size(), " (0x%x)", number);
  return std::string(nghttp2_http2_strerror(number)) + hexadecimal.data();
}

}  // namespace sallyport::http::http2
