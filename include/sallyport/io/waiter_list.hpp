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
  // The same in the loop's next turn.
  void tell_all_next_turn(EventLoop& loop, WaitOutcome outcome);

 private:
  static void tell(void* waiter);
  // The waiters, unlinked, with `outcome` noted in each, one after another.
  template <typename Visit>
  void take_all(WaitOutcome outcome, Visit visit);

  StreamWaiter* first_ = nullptr;
};

}  // namespace sallyport::io
