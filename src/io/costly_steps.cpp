#include "sallyport/io/costly_steps.hpp"

#include <cstdint>

namespace sallyport::io {
namespace {

// A look at the sockets costs a hundredth of what this many steps cost.
constexpr int most_in_turn = 3;

// Kept by thread: a thread runs one loop at a time.
struct Steps {
  const EventLoop* loop = nullptr;
  std::uint64_t turn = 0;
  int taken = 0;
  std::uint64_t refused_turn = 0;
  bool refused = false;  // in refused_turn
};

Steps& steps_of(const EventLoop& loop) {
  thread_local Steps steps;
  // Turns never go back, except in another loop at the same place.
  if (steps.loop != &loop || loop.turn() < steps.turn) steps = {.loop = &loop, .turn = loop.turn()};
  return steps;
}

}  // namespace

bool take_costly_step(const EventLoop& loop) {
  Steps& steps = steps_of(loop);
  if (steps.turn != loop.turn()) {
    steps.turn = loop.turn();
    steps.taken = 0;
  }
  if (steps.taken < most_in_turn) {
    ++steps.taken;
    return true;
  }
  steps.refused_turn = loop.turn();
  steps.refused = true;
  return false;
}

bool is_behind(const EventLoop& loop) {
  const Steps& steps = steps_of(loop);
  return steps.refused && steps.refused_turn + 1 >= loop.turn();
}

}  // namespace sallyport::io
