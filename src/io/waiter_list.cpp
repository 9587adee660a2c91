#include "sallyport/io/waiter_list.hpp"

#include <utility>

namespace sallyport::io {

void WaiterList::add(StreamWaiter& waiter) { waiter.next_ = std::exchange(first_, &waiter); }

void WaiterList::remove(StreamWaiter& waiter) {
  StreamWaiter** link = &first_;
  while (*link != nullptr && *link != &waiter) link = &(*link)->next_;
  if (*link != nullptr) *link = std::exchange(waiter.next_, nullptr);
}

void WaiterList::tell_all(WaitOutcome outcome) {
  StreamWaiter* waiter = std::exchange(first_, nullptr);
  while (waiter != nullptr) {
    // Being told may end the coroutine that holds the waiter, so the link is read first.
    StreamWaiter* const next = std::exchange(waiter->next_, nullptr);
    waiter->on_wait_over(outcome);
    waiter = next;
  }
}

void WaiterList::tell(void* waiter) {
  auto* const told = static_cast<StreamWaiter*>(waiter);
  told->on_wait_over(told->outcome_);
}

template <typename Visit>
void WaiterList::take_all(WaitOutcome outcome, Visit visit) {
  StreamWaiter* waiter = std::exchange(first_, nullptr);
  while (waiter != nullptr) {
    StreamWaiter* const next = std::exchange(waiter->next_, nullptr);
    waiter->outcome_ = outcome;
    visit(waiter);
    waiter = next;
  }
}

void WaiterList::tell_all_later(EventLoop& loop, WaitOutcome outcome) {
  take_all(outcome, [&](StreamWaiter* waiter) { loop.make_ready(&WaiterList::tell, waiter); });
}

void WaiterList::tell_all_next_turn(EventLoop& loop, WaitOutcome outcome) {
  take_all(outcome, [&](StreamWaiter* waiter) { loop.make_ready_next_turn(&WaiterList::tell, waiter); });
}

}  // namespace sallyport::io
