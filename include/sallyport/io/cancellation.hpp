// Cancellation: one call that ends everything a connection is waiting for, with one reason.
//
// A connection owns one; each thing that waits on its behalf (a stream, a dial, a DNS query) is
// watched by a Watch, whose callback makes that thing end by itself, from the loop. One thread. The
// Cancellation outlives its watches.
#pragma once

#include "sallyport/base/rare_error.hpp"

namespace sallyport::io {

class Cancellation {
 public:
  class Watch {
   public:
    // Calls `cancel(object, why)` at once if that has happened already, or when it does.
    Watch(Cancellation& cancellation, void (*cancel)(void*, const Error&), void* object);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    friend class Cancellation;
    Cancellation& cancellation_;
    void (*cancel_)(void*, const Error&);
    void* object_;
    Watch* next_ = nullptr;
    Watch* previous_ = nullptr;
  };

  Cancellation() = default;
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;
  ~Cancellation();

  // Idempotent: the first reason stays.
  void cancel(Error why);
  [[nodiscard]] bool cancelled() const { return cancelled_; }
  [[nodiscard]] const Error& why() const { return why_.get(); }

 private:
  bool cancelled_ = false;
  RareError why_;
  Watch* first_ = nullptr;
};

// A Watch that closes a stream, or anything else with close(Error).
template <typename Closable>
class ClosedOnCancel {
 public:
  ClosedOnCancel(Cancellation& cancellation, Closable& object)
      : watch_(
            cancellation, [](void* target, const Error& why) { static_cast<Closable*>(target)->close(why); }, &object) {
  }

 private:
  Cancellation::Watch watch_;
};

}  // namespace sallyport::io
