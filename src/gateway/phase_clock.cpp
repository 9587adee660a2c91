#include "phase_clock.hpp"

#include <algorithm>

namespace sallyport::gateway {

void PhaseClock::enter(record::Phase next) {
  const io::TimePoint now = io::Clock::now();
  spend(current_, now - since_);
  current_ = next;
  since_ = now;
}

void PhaseClock::waited_for(const http::OpeningTimes* times) {
  const io::TimePoint now = io::Clock::now();
  io::TimePoint at = since_;
  // From where we are to `end`, as far as that lies within the waiting; a step that never ended reaches up to now.
  const auto until = [&](io::TimePoint end, record::Phase phase) {
    const io::TimePoint reached = end == io::TimePoint() ? now : std::clamp(end, at, now);
    spend(phase, reached - at);
    at = reached;
  };
  if (times != nullptr && times->began != io::TimePoint()) {
    until(times->began, record::Phase::queue);
    until(times->resolved, record::Phase::dns);
    until(times->connected, record::Phase::connect);
    until(times->secured, record::Phase::tls);
  }
  spend(record::Phase::queue, now - at);
  current_ = record::Phase::gateway;
  since_ = now;
}

std::chrono::microseconds PhaseClock::stop(record::Timing& timing) {
  enter(record::Phase::gateway);
  // Rounded from the running sum, so that what is rounded off never adds up.
  std::chrono::microseconds whole{0};
  io::Duration exact{0};
  for (std::size_t phase = 0; phase < record::phases; ++phase) {
    exact += spent_[phase];
    timing.spent[phase] = std::chrono::duration_cast<std::chrono::microseconds>(exact) - whole;
    whole += timing.spent[phase];
  }
  return whole;
}

}  // namespace sallyport::gateway
