// Costly steps of a turn: few at a time, so that live connections do not wait for all that new ones ask for.
//
// A handshake's arithmetic takes up to 0.3 ms, and a burst of handshakes asks for hundreds of such steps in one turn of
// the loop. Whoever is about to take one asks here, and waits for the next turn where the answer is no. Called on the
// loop's own thread; nothing is owned.
#pragma once

#include "sallyport/io/event_loop.hpp"

namespace sallyport::io {

// Leave for one costly step in this turn of the loop. False: the turn has had its share, ask again in the next one.
[[nodiscard]] bool take_costly_step(const EventLoop& loop);

// Whether somebody was told no in this turn or in the one before: whoever would take on more had better wait.
[[nodiscard]] bool is_behind(const EventLoop& loop);

}  // namespace sallyport::io
