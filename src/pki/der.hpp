// DER (X.690) as far as a leaf is written in it: each function returns a whole element, tag and length included.
//
// Any thread. No element is longer than 65,535 bytes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "sallyport/base/bytes.hpp"

namespace sallyport::pki {

using Der = std::vector<std::uint8_t>;

enum class DerTag : std::uint8_t {
  boolean = 0x01,
  integer = 0x02,
  bit_string = 0x03,
  octet_string = 0x04,
  utf8_string = 0x0c,
  sequence = 0x30,
  set = 0x31,
};

// The tag [number] of a choice or an optional field; `constructed` where elements follow rather than plain bytes.
[[nodiscard]] constexpr DerTag context_tag(unsigned number, bool constructed) {
  return static_cast<DerTag>((constructed ? 0xa0U : 0x80U) | number);
}

// An element whose content is these parts, one after the other.
[[nodiscard]] Der der(DerTag tag, std::initializer_list<ByteView> content);

// A positive INTEGER of this magnitude, which begins with a byte that is not zero.
[[nodiscard]] Der der_integer(ByteView magnitude);

}  // namespace sallyport::pki
