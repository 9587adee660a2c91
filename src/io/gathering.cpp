#include "gathering.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace sallyport::io {
namespace {

constexpr std::size_t most_proof = 256 * Gathering::first_proof;

// The longest time in which so many bytes come fast.
Duration time_for(std::size_t bytes) { return static_cast<int>(bytes / Gathering::at_least) * Gathering::patience; }

}  // namespace

Gathering::~Gathering() {
  if (on_ && !from_.closed()) ask_for(1);
}

void Gathering::begin_wait() {
  if (!on_) return;
  if (!timer_) timer_.emplace(from_.loop(), &Gathering::on_timer, this);
  timer_->arm(from_.loop().now() + patience);
}

void Gathering::end_wait() {
  if (timer_) timer_->disarm();
}

void Gathering::on_timer(void* self) {
  auto& gathering = *static_cast<Gathering*>(self);
  gathering.out_of_patience_ = true;
  gathering.from_.try_reading();
}

void Gathering::moved(std::size_t bytes) {
  moved_ += bytes;
  if (on_) {
    // It is slower than it was, or its sender may not send more before it is answered.
    if (std::exchange(out_of_patience_, false) && bytes < at_least) turn_off();
    return;
  }
  if (moved_ < proof_) return;
  const TimePoint now = from_.loop().now();
  if (now - since_ <= time_for(moved_)) turn_on();
  since_ = now;
  moved_ = 0;
}

void Gathering::turn_on() {
  on_ = true;
  out_of_patience_ = false;
  ask_for(at_least);
}

void Gathering::turn_off() {
  if (!on_) return;
  // Peers that send less and then wait for an answer are fast as well; they are not to be delayed again and again.
  proof_ = moved_ < proof_ ? std::min(2 * proof_, most_proof) : first_proof;
  on_ = false;
  since_ = from_.loop().now();
  moved_ = 0;
  ask_for(1);
}

void Gathering::ask_for(std::size_t bytes) {
  const int wanted = static_cast<int>(bytes);
  ::setsockopt(from_.fd(), SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted);
}

}  // namespace sallyport::io
