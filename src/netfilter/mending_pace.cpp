#include "mending_pace.hpp"

#include <algorithm>

namespace sallyport::netfilter {

std::chrono::seconds MendingPace::mended(Time now) {
  if (times_ > 0 && now - last_ > pause_ + calm) {
    times_ = 0;
    pause_ = {};
  }
  last_ = now;
  if (++times_ <= at_once) return pause_;
  pause_ = pause_ == std::chrono::seconds(0) ? first_pause : std::min(2 * pause_, longest_pause);
  earliest_ = now + pause_;
  return pause_;
}

}  // namespace sallyport::netfilter
