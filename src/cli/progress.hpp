// Progress: a line on the terminal that says how far long work has come. Nothing where there is no terminal, nor for
// what is over within a moment.
//
// One thread; the work's. Removes its line when it goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace sallyport::cli {

class Progress {
 public:
  // `out`: what the standard error is written to. `of`: what there is to do, in any unit.
  Progress(std::ostream& out, std::string what, std::uint64_t of);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // So much is done; `besides` stands behind the bar. Cheap: it is looked at a few times a second.
  void at(std::uint64_t done, const std::string& besides = {});

 private:
  using Clock = std::chrono::steady_clock;

  std::ostream& out_;
  const std::string what_;
  const std::uint64_t of_;
  const bool shown_;
  bool drawn_ = false;
  Clock::time_point next_;
};

}  // namespace sallyport::cli
