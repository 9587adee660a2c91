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

void WaiterList::tell_all_later(EventLoop& loop, WaitOutcome outcome) {
  StreamWaiter* waiter = std::exchange(first_, nullptr);
  while (waiter != nullptr) {
    StreamWaiter* const next = std::exchange(waiter->next_, nullptr);
    waiter->outcome_ = outcome;
    loop.make_ready(
        [](void* object) {
          auto* const told = static_cast<StreamWaiter*>(object);
          told->on_wait_over(told->outcome_);
        },
        waiter);
    waiter = next;
  }
}

}  // namespace sallyport::io
