// WaiterList: the waiters of one interest in a stream, for those who implement Stream.
//
// Holds no memory of its own: waiters are linked through themselves. One thread, the loop's.
#pragma once

#include "sallyport/io/stream.hpp"

namespace sallyport::io {

class WaiterList {
 public:
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  void add(StreamWaiter& waiter);
  void remove(StreamWaiter& waiter);
  // Tells everyone who waits now, inline: for callbacks of the loop alone.
  void tell_all(WaitOutcome outcome);
  // Tells everyone from the loop's ready queue: for calls that come out of a running coroutine.
  void tell_all_later(EventLoop& loop, WaitOutcome outcome);

 private:
  StreamWaiter* first_ = nullptr;
};

}  // namespace sallyport::io
