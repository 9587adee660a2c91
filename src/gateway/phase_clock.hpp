// PhaseClock: attributes each moment of an exchange to one phase, so that the phases add up to the whole.
//
// Owned by the exchange's coroutine; one worker's thread.
#pragma once

#include "sallyport/http/origin_connection.hpp"
#include "sallyport/io/event_loop.hpp"
#include "sallyport/record/timing.hpp"

namespace sallyport::gateway {

class PhaseClock {
 public:
  PhaseClock() : began_(io::Clock::now()), since_(began_) {}

  // What follows belongs to `next`.
  void enter(record::Phase next);
  // What has passed since the last enter() was spent waiting for a connection, whose opening `times` tells of; what it
  // does not tell of, or null, was waiting for others. Ours follows.
  void waited_for(const http::OpeningTimes* times);
  [[nodiscard]] record::Phase current() const { return current_; }

  // Attributes what has passed; the whole is the sum.
  [[nodiscard]] std::chrono::microseconds stop(record::Timing& timing);

 private:
  void spend(record::Phase phase, io::Duration time) { spent_[static_cast<std::size_t>(phase)] += time; }

  std::array<io::Duration, record::phases> spent_{};
  record::Phase current_ = record::Phase::gateway;
  io::TimePoint began_;
  io::TimePoint since_;
};

}  // namespace sallyport::gateway
