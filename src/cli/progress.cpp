#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace sallyport::cli {
namespace {

constexpr std::uint64_t width = 30;
constexpr std::chrono::milliseconds before_first{300};
constexpr std::chrono::milliseconds between{200};
constexpr const char* start_of_empty_line = "\r\x1b[K";

}  // namespace

Progress::Progress(std::ostream& out, std::string what, std::uint64_t of)
    : out_(out),
      what_(std::move(what)),
      of_(std::max<std::uint64_t>(of, 1)),
      shown_(::isatty(STDERR_FILENO) == 1),
      next_(Clock::now() + before_first) {}

Progress::~Progress() {
  if (drawn_) out_ << start_of_empty_line << std::flush;
}

void Progress::at(std::uint64_t done, const std::string& besides) {
  if (!shown_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + between;
  drawn_ = true;
  const std::uint64_t reached = std::min(done, of_);
  const std::uint64_t bars = reached * width / of_;
  out_ << start_of_empty_line << what_ << " [" << std::string(bars, '#') << std::string(width - bars, ' ') << "] "
       << reached * 100 / of_ << " %" << (besides.empty() ? "" : "  ") << besides << std::flush;
}

}  // namespace sallyport::cli
