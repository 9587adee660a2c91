// Lifetime: how a client connection and everything that lives in it come to an end together.
//
// One for each client connection, which owns it and outlives whatever is registered here; one worker's thread.
#pragma once

#include <functional>

#include "sallyport/io/cancellation.hpp"

namespace sallyport::gateway {

class Lifetime {
 public:
  Lifetime() = default;
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;

  // Everything stops now, with `why`. Idempotent.
  void end(Error why) { cancellation_.cancel(std::move(why)); }
  [[nodiscard]] io::Cancellation& cancellation() { return cancellation_; }

  // What is being answered is the last. Tunnels go on until end(). Idempotent.
  void drain();
  [[nodiscard]] bool draining() const { return draining_; }

  // While it lives, `drain` is called when the connection drains; at once where that has begun.
  class OnDrain {
   public:
    OnDrain(Lifetime& lifetime, std::function<void()> drain);
    ~OnDrain();
    OnDrain(const OnDrain&) = delete;
    OnDrain& operator=(const OnDrain&) = delete;

   private:
    friend class Lifetime;
    Lifetime& lifetime_;
    std::function<void()> drain_;
    OnDrain* next_;
    OnDrain* previous_ = nullptr;
  };

 private:
  io::Cancellation cancellation_;
  OnDrain* first_ = nullptr;
  bool draining_ = false;
};

}  // namespace sallyport::gateway
