// Timetable: what is to be done again and again, each thing at its own interval.
//
// One thread. The next run is counted from the last one, so that a process that slept does not catch up.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace sallyport::daemon {

class Timetable {
 public:
  using Clock = std::chrono::steady_clock;

  // `duty` is first run one interval from `now`.
  void add(Clock::duration interval, std::function<void()> duty, Clock::time_point now) {
    entries_.push_back({interval, std::move(duty), now + interval});
  }

  void run_due(Clock::time_point now) {
    for (Entry& entry : entries_) {
      if (entry.due > now) continue;
      entry.due = now + entry.interval;
      entry.duty();
    }
  }

  // nullopt: there is nothing to do, ever.
  [[nodiscard]] std::optional<Clock::time_point> next() const {
    std::optional<Clock::time_point> earliest;
    for (const Entry& entry : entries_) {
      if (!earliest || entry.due < *earliest) earliest = entry.due;
    }
    return earliest;
  }

 private:
  struct Entry {
    Clock::duration interval;
    std::function<void()> duty;
    Clock::time_point due;
  };
  std::vector<Entry> entries_;
};

}  // namespace sallyport::daemon
