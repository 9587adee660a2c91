// FrameBudget: how many frames that only cost us something a peer may send on one connection, before it counts as an
// attack (RFC 9113 §10.5): Rapid Reset and MadeYouReset, CONTINUATION without end, floods of SETTINGS, PING, GOAWAY,
// PRIORITY, WINDOW_UPDATE, empty DATA, header blocks of streams that are over, unknown frames, and bytes that carry
// nothing.
//
// Each kind has a number at the start, gets some back with time, and more with the work that such frames belong to: who
// moves data may ask for windows and measure round trips as often as that takes. Entries of SETTINGS and answers that
// pile up unsent are nghttp2's to bound. Pure arithmetic; owned by one connection, one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "sallyport/base/result.hpp"
#include "sallyport/io/event_loop.hpp"

#include "http2_connection.hpp"

namespace sallyport::http::http2 {

class FrameBudget {
 public:
  // `role` is ours: the peer of a client may answer each request, and end its stream.
  FrameBudget(Role role, io::TimePoint now) : role_(role), refilled_(now) {}

  // A frame in either direction. The error (exhausted) says of what there was too much.
  Result<void> take(const SeenFrame& frame, io::TimePoint now);
  // A request beyond our bounds that was answered: as dear as a stream that was reset for it.
  Result<void> take_answered_fault(io::TimePoint now);

 private:
  // So many at most, which is what there is at the start, and so many more each second.
  class Allowance {
   public:
    constexpr Allowance(std::uint32_t most, std::uint32_t per_second)
        : left_(most), most_(most), per_second_(per_second) {}
    bool take() {
      if (left_ == 0) return false;
      --left_;
      return true;
    }
    void earn(std::uint32_t count) { left_ = std::min(most_, left_ + count); }
    void refill(std::uint64_t milliseconds);

   private:
    std::uint32_t left_;
    std::uint32_t most_;
    std::uint32_t per_second_;
  };

  Result<void> spend(Allowance& allowance, std::string_view what, io::TimePoint now);
  Result<void> take_received(const SeenFrame& frame, io::TimePoint now);
  Result<void> take_headers(const SeenFrame& frame, io::TimePoint now);
  Result<void> take_answer(io::TimePoint now);
  Result<void> take_ending(std::string_view what, io::TimePoint now);
  void note_sent_headers(std::int32_t stream);
  Result<void> take_continuation(const SeenFrame& frame);
  void earn_for_stream();
  void earn_for_data();
  Result<void> take_data(const SeenFrame& frame, io::TimePoint now);
  Result<void> weigh(std::size_t frame_bytes, std::size_t worth);

  // nghttp2's own figures for resets of the peer, here for those that it provokes as well.
  Allowance resets_{1000, 33};
  Allowance control_{1000, 20};
  Allowance window_updates_{1000, 20};
  Allowance priorities_{1000, 20};
  Allowance empty_data_{200, 10};
  Allowance later_blocks_{100, 10};  // beyond the first one of each stream
  Role role_;
  std::int32_t newest_stream_ = 0;
  std::uint64_t answers_ = 0;   // header blocks that our requests entitle the peer to
  std::uint64_t endings_ = 0;   // streams of ours that it may end in any way
  unsigned continuations_ = 0;  // of the block under way
  std::uint32_t pings_sent_ = 0;
  io::TimePoint refilled_;
  std::uint64_t received_ = 0;  // bytes of frames
  std::uint64_t worth_ = 0;     // of them, and of what was sent: bytes of messages
};

}  // namespace sallyport::http::http2
