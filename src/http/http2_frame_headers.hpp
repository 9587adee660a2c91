// FrameHeaders: the header of each frame in the bytes of an HTTP/2 connection (RFC 9113 §4.1), as they arrive.
//
// Beside nghttp2, which passes over frames that it has no use for and says nothing of them: whoever counts what a peer
// sends must see those first of all. Owned by one connection; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "sallyport/base/bytes.hpp"

#include "http2_flow.hpp"

namespace sallyport::http::http2 {

// A frame as it was received or sent, for those who count them.
struct SeenFrame {
  bool sent = false;
  std::uint8_t type = 0;  // RFC 9113 §6, and any other number
  std::uint8_t flags = 0;
  std::int32_t stream = 0;
  std::size_t length = 0;                // of its payload
  ErrorCode code = ErrorCode::no_error;  // of RST_STREAM and GOAWAY that were sent
};

class FrameHeaders {
 public:
  // `before`: bytes in front of the first frame, as a client's preface is.
  explicit FrameHeaders(std::size_t before) : left_(before) {}

  // The next header that is complete, after which `bytes` goes on; without one, all of them were looked at.
  std::optional<SeenFrame> next(ByteView& bytes);

 private:
  std::size_t left_;  // of the frame whose header was given, to be passed over
  std::array<std::uint8_t, 9> header_{};
  std::size_t have_ = 0;  // of header_
};

}  // namespace sallyport::http::http2
