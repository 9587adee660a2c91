// Cursor: a bounds-checked reader, so that a parser reads like the schema of what it parses.
//
// Reads past the end yield zeros or an empty view and set a sticky flag; a parser reads a whole
// structure and asks ok() once, where the answer matters. Integers are big-endian (network order).
// A value over borrowed bytes, which must outlive it and every view taken from it. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sallyport/base/bytes.hpp"

namespace sallyport {

class Cursor {
 public:
  explicit Cursor(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }
  [[nodiscard]] ByteView rest() const { return rest_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(integer(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }

  // The next `count` bytes.
  ByteView take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  // A vector preceded by its length in 1, 2 or 3 bytes, as in TLS (RFC 8446 §3.4), to be read by a
  // Cursor of its own. That one starts failed where the vector did not fit.
  Cursor vector8() { return vector(u8()); }
  Cursor vector16() { return vector(u16()); }
  Cursor vector24() { return vector(u24()); }

 private:
  Cursor vector(std::size_t length) {
    Cursor inner(take(length));
    inner.ok_ = ok_;
    return inner;
  }

  std::uint64_t integer(std::size_t width) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(width)) value = value << 8 | byte;
    return value;
  }

  ByteView rest_;
  bool ok_ = true;
};

}  // namespace sallyport
