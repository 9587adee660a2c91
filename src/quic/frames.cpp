#include "frames.hpp"

#include <algorithm>
#include <string>

#include "sallyport/base/cursor.hpp"

#include "variable_integer.hpp"

namespace sallyport::quic {
namespace {

enum FrameType : std::uint64_t {
  padding = 0x00,
  ping = 0x01,
  ack = 0x02,
  ack_with_ecn = 0x03,
  crypto = 0x06,
  connection_close = 0x1c,
};

// At once what follows a PADDING frame and is such: most of an Initial is.
void skip_padding(Cursor& cursor) {
  const ByteView rest = cursor.rest();
  const auto end = std::ranges::find_if(rest, [](std::uint8_t byte) { return byte != padding; });
  cursor.take(static_cast<std::size_t>(end - rest.begin()));
}

// RFC 9000 §19.3: largest, delay, count of ranges, first range; then a gap and a length each.
void skip_ack(Cursor& cursor, bool with_ecn) {
  variable_integer(cursor);
  variable_integer(cursor);
  std::uint64_t ranges = variable_integer(cursor);
  variable_integer(cursor);
  for (; ranges > 0 && cursor.ok(); --ranges) {
    variable_integer(cursor);
    variable_integer(cursor);
  }
  for (int counts = with_ecn ? 3 : 0; counts > 0; --counts) variable_integer(cursor);
}

// RFC 9000 §19.19.
void skip_close(Cursor& cursor) {
  variable_integer(cursor);
  variable_integer(cursor);
  cursor.take(variable_integer(cursor));
}

Result<void> read_crypto(Cursor& cursor, CryptoStream& stream) {
  const std::uint64_t offset = variable_integer(cursor);
  const ByteView bytes = cursor.take(variable_integer(cursor));
  if (!cursor.ok()) return {};
  return stream.add(offset, bytes);
}

}  // namespace

Result<void> read_frames(ByteView frames, CryptoStream& stream) {
  Cursor cursor(frames);
  while (!cursor.empty()) {
    switch (const std::uint64_t type = variable_integer(cursor)) {
      case padding:
        skip_padding(cursor);
        break;
      case ping:
        break;
      case ack:
      case ack_with_ecn:
        skip_ack(cursor, type == ack_with_ecn);
        break;
      case crypto:
        if (Result<void> added = read_crypto(cursor, stream); !added) return added;
        break;
      case connection_close:
        skip_close(cursor);
        break;
      default:
        return fail(ErrorKind::malformed, "QUIC Initial with a frame of type " + std::to_string(type));
    }
    if (!cursor.ok()) return fail(ErrorKind::malformed, "QUIC Initial with a truncated frame");
  }
  return {};
}

}  // namespace sallyport::quic
