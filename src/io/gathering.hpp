// Gathering: whether what arrives on a socket may wait for more of its kind before it is moved.
//
// Each segment that arrives wakes its reader, and of a flow of hundreds of megabytes a second the waking costs more
// than the moving. While a flow is that fast, the kernel wakes us for no less than `at_least` bytes (SO_RCVLOWAT,
// socket(7)), for the peer's end and for a window that is full; what stays below that is fetched by a timer, a few
// milliseconds late, after which each byte passes at once again. One relay's direction owns it; the loop's thread; the
// stream outlives it.
#pragma once

#include <cstddef>
#include <optional>

#include "sallyport/io/fd_stream.hpp"

namespace sallyport::io {

class Gathering {
 public:
  explicit Gathering(FdStream& from) : from_(from) {}
  ~Gathering();
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  static constexpr std::size_t at_least = 256 * 1024;
  // So much has to come, at the rate at which `at_least` comes within `patience`, before anything waits.
  static constexpr std::size_t first_proof = 1024 * 1024;
  static constexpr Duration patience = std::chrono::milliseconds(3);

  [[nodiscard]] bool on() const { return on_; }
  // Right before and right after waiting for the stream to be readable.
  void begin_wait();
  void end_wait();
  // What an attempt brought after that: so much, or nothing.
  void moved(std::size_t bytes);
  void found_nothing() { turn_off(); }

 private:
  static void on_timer(void* self);
  void turn_on();
  void turn_off();
  void ask_for(std::size_t bytes);

  FdStream& from_;
  std::optional<Timer> timer_;
  TimePoint since_;
  std::size_t moved_ = 0;  // since then
  std::size_t proof_ = first_proof;
  bool on_ = false;
  bool out_of_patience_ = false;
};

}  // namespace sallyport::io
