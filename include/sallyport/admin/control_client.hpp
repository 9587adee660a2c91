// control_client: asks a running daemon, over its control socket.
//
// Blocks the calling thread until the answer is there; any thread.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::admin {

struct Answer {
  unsigned status = 0;
  std::string body;
};

// One request to the daemon that listens at `socket`. Errors: refused or system (no daemon listens there),
// not_permitted (the socket is its user's and group's alone), timed_out (30 s), malformed.
[[nodiscard]] Result<Answer> ask(const std::string& socket, std::string_view method, const std::string& target);

}  // namespace sallyport::admin
