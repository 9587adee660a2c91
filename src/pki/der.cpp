#include "der.hpp"

#include <cassert>

namespace sallyport::pki {

Der der(DerTag tag, std::initializer_list<ByteView> content) {
  std::size_t size = 0;
  for (const ByteView part : content) size += part.size();
  assert(size <= 0xffff);
  Der element;
  element.reserve(size + 4);
  element.push_back(static_cast<std::uint8_t>(tag));
  if (size > 0xff) {
    element.push_back(0x82);
    element.push_back(static_cast<std::uint8_t>(size >> 8));
  } else if (size > 0x7f) {
    element.push_back(0x81);
  }
  element.push_back(static_cast<std::uint8_t>(size));
  for (const ByteView part : content) element.insert(element.end(), part.begin(), part.end());
  return element;
}

Der der_integer(ByteView magnitude) {
  static constexpr std::uint8_t zero = 0;
  // With its highest bit set the first byte would make the number negative.
  const bool high = !magnitude.empty() && (magnitude.front() & 0x80) != 0;
  return der(DerTag::integer, {ByteView(&zero, high ? 1 : 0), magnitude});
}

}  // namespace sallyport::pki
