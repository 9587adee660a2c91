// How much a peer may send before it hears from us (RFC 9113 §5.2), and when that grows.
//
// A window begins small, so that a peer whose bytes nobody reads costs little, and doubles as long as a consumer takes
// half of it within the time in which a long path needs them all: at its largest it keeps 1 Gbit/s over 40 ms busy.
// Values; one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "sallyport/io/event_loop.hpp"

namespace sallyport::http::http2 {

// What RFC 9113 §6.9.2 gives each stream to begin with. Of a client's requests it is not lowered, since it takes a
// round trip to say so.
inline constexpr std::int32_t stream_window = 65535;
// What an origin may send of a response that the client has no room for. The rest is allowed in the breath of the
// request where there is room.
inline constexpr std::int32_t first_response_window = 1024;
// All unread bytes of a connection's requests, or responses, together, to begin with: a small part of 1 MiB beside what
// a hundred exchanges are. It grows no slower than TCP's own window does.
inline constexpr std::int32_t requests_window = 256 * 1024;
inline constexpr std::int32_t responses_window = 64 * 1024;
// 40 ms × 1 Gbit/s is 5 MB.
inline constexpr std::int32_t largest_stream_window = 6 * 1024 * 1024;
inline constexpr std::int32_t largest_connection_window = 8 * 1024 * 1024;
// All that may lie unread on a connection, however it came to that. A third of it no grown window can take.
inline constexpr std::int32_t most_unread = 12 * 1024 * 1024;
// A stream's window may grow to this much of what the others leave it, of their connection's window or of what all
// windows that have grown may promise together. Whoever stops reading one grown stream after the other so leaves the
// rest something each time, and those that are read side by side come to equal shares.
constexpr std::int32_t share_of_one_stream(std::int32_t of_all, std::int64_t of_others) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>((of_all - of_others) / 4 * 3, 0, largest_stream_window));
}

class GrowingWindow {
 public:
  explicit GrowingWindow(std::int32_t size) : size_(size) {}

  // The consumer took `count` bytes and left `unread`. Gives the window's new size, `largest` at most, when it is to
  // grow.
  std::optional<std::int32_t> consumed(std::size_t count, std::size_t unread, std::int32_t largest, io::TimePoint now);
  [[nodiscard]] std::int32_t size() const { return size_; }

 private:
  // Half a window in this time, on a path of 40 ms, is about what the window allows.
  static constexpr io::Duration keeps_up = std::chrono::milliseconds(60);

  std::int32_t size_;
  std::size_t in_round_ = 0;
  io::TimePoint round_began_;
};

}  // namespace sallyport::http::http2
