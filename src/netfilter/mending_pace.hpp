// MendingPace: when what somebody broke may be mended again. At once, as a rule; after growing pauses where it is
// broken over and over, so that two programs that undo each other's work do not keep a machine busy.
//
// A value; one thread.
#pragma once

#include <chrono>

namespace sallyport::netfilter {

class MendingPace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr int at_once = 4;                      // so many times, before there are pauses
  static constexpr std::chrono::seconds first_pause{2};  // and each is twice as long as the one before
  static constexpr std::chrono::seconds longest_pause{300};
  static constexpr std::chrono::seconds calm{60};  // behind a pause, after which all is forgotten

  [[nodiscard]] Time earliest() const { return earliest_; }

  // It was mended, or tried, at `now`; how long not to do so again.
  std::chrono::seconds mended(Time now);

 private:
  Time earliest_ = Time::min();
  int times_ = 0;
  std::chrono::seconds pause_{0};
  Time last_ = Time::min();
};

}  // namespace sallyport::netfilter
