// PeerStreams: which streams a client has opened and ended, as far as a server must remember to tell that a frame comes
// for a stream that it cannot belong to (RFC 9113 §5.1, §5.1.1).
//
// nghttp2 forgets a stream once it is closed, and ignores what comes for it: that is right for what was under way when
// we reset a stream, and wrong for what follows an end that the client itself announced. Bounded: what was ended long
// ago is forgotten, and ignored. Pure; owned by one connection, one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http2_frame_headers.hpp"

namespace sallyport::http::http2 {

struct StreamFault {
  ErrorCode code = ErrorCode::no_error;
  bool of_connection = true;  // or of the stream alone
  std::string_view reason;    // a literal
};

class PeerStreams {
 public:
  // The next frame that the client sends. Nothing: it may come, as far as this knows.
  std::optional<StreamFault> take(const SeenFrame& frame);

 private:
  enum class End : std::uint8_t { none, announced, reset };
  struct Ended {
    std::int32_t stream = 0;
    End how = End::none;
  };

  [[nodiscard]] bool seen(std::int32_t stream) const { return stream <= last_; }
  void open(std::int32_t stream);
  void note_end(std::int32_t stream, End how);
  [[nodiscard]] End end_of(std::int32_t stream) const;
  [[nodiscard]] bool skipped(std::int32_t stream) const { return stream >= first_skipped_ && stream < end_of_skipped_; }

  std::int32_t last_ = 0;           // the highest stream that was opened
  std::int32_t first_skipped_ = 0;  // the latest streams that were passed over, and thereby closed unused
  std::int32_t end_of_skipped_ = 0;
  bool in_block_ = false;
  std::array<Ended, 32> ended_{};
  std::size_t next_ended_ = 0;
};

}  // namespace sallyport::http::http2
