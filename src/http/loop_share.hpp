// LoopShare: how much of one thing a connection may do before the loop looks at its other connections.
//
// Owned by the connection; the loop's thread.
#pragma once

#include <cstdint>

#include "sallyport/io/event_loop.hpp"

namespace sallyport::http {

class LoopShare {
 public:
  LoopShare(const io::EventLoop& loop, unsigned most_in_turn) : loop_(loop), most_(most_in_turn) {}

  // One more; false if this turn's share is used up, so that the rest is for the next one.
  bool take() {
    if (turn_ != loop_.turn()) {
      turn_ = loop_.turn();
      taken_ = 0;
    }
    if (taken_ == most_) return false;
    ++taken_;
    return true;
  }

 private:
  const io::EventLoop& loop_;
  unsigned most_;
  std::uint64_t turn_ = 0;
  unsigned taken_ = 0;
};

}  // namespace sallyport::http
