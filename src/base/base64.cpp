#include "sallyport/base/base64.hpp"

#include <algorithm>
#include <cstdint>

namespace sallyport {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char padding = '=';

}  // namespace

std::string to_base64(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  while (!bytes.empty()) {
    const std::size_t taken = std::min<std::size_t>(bytes.size(), 3);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < taken ? bytes[i] : 0U);
    for (std::size_t i = 0; i < 4; ++i) text += i <= taken ? alphabet[group >> (18 - 6 * i) & 63U] : padding;
    bytes = bytes.subspan(taken);
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  while (!text.empty()) {
    const std::string_view quad = text.substr(0, 4);
    text.remove_prefix(4);
    const std::size_t digits = text.empty() ? std::min<std::size_t>(quad.find(padding), 4) : 4;
    if (digits < 2 || quad.substr(digits).find_first_not_of(padding) != std::string_view::npos) return std::nullopt;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t value = i < digits ? alphabet.find(quad[i]) : 0;
      if (value == std::string_view::npos) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    for (std::size_t i = 0; i + 1 < digits; ++i) bytes += static_cast<char>(group >> (16 - 8 * i) & 255U);
    const std::uint32_t unused = group & ((1U << (24 - 8 * (digits - 1))) - 1U);
    if (unused != 0) return std::nullopt;
  }
  return bytes;
}

}  // namespace sallyport
