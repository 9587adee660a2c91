// WebSocket frames as test data (RFC 6455 §5.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::test {

struct FrameShape {
  bool fin = true;
  bool masked = false;
  unsigned reserved = 0;   // the three reserved bits, the first of them worth 4
  unsigned long_form = 0;  // bytes of length at least, although fewer would do: 2 or 8
};

enum FrameOpcode : unsigned { continuation = 0, text = 1, binary = 2, close_frame = 8, ping = 9, pong = 10 };

inline std::string frame(unsigned opcode, std::string_view payload, FrameShape shape = {}) {
  std::string out;
  out += static_cast<char>((shape.fin ? 0x80U : 0U) | shape.reserved << 4 | opcode);
  const unsigned mask_bit = shape.masked ? 0x80U : 0U;
  const unsigned natural = payload.size() > 0xffff ? 8 : payload.size() > 125 ? 2 : 0;
  const unsigned length_bytes = natural > shape.long_form ? natural : shape.long_form;
  const auto short_length = static_cast<unsigned>(payload.size());
  out += static_cast<char>(mask_bit | (length_bytes == 8 ? 127U : length_bytes == 2 ? 126U : short_length));
  for (unsigned at = length_bytes; at-- > 0;) out += static_cast<char>(std::uint64_t{payload.size()} >> (8 * at));
  constexpr std::string_view key = "\x81\x02\x7f\xfe";
  if (shape.masked) out += key;
  for (std::size_t at = 0; at < payload.size(); ++at) {
    out += shape.masked ? static_cast<char>(payload[at] ^ key[at % 4]) : payload[at];
  }
  return out;
}

}  // namespace sallyport::test
