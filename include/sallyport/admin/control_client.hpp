// control_client: asks a running daemon, over its control socket.
//
// Blocks the calling thread until the answer is there; any thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/io/event_loop.hpp"

namespace sallyport::admin {

struct Question {
  std::string method = "GET";
  std::string target;
  std::string body = {};                             // JSON
  io::Duration patience = std::chrono::seconds(30);  // for each part of the answer
  // Takes the body of a 200 part by part in place of Answer::body; its error ends the exchange.
  std::function<Result<void>(ByteView part)> take = {};
};

struct Answer {
  unsigned status = 0;
  std::string body;
};

// One request to the daemon that listens at `socket`. Errors: refused or system (no daemon listens there),
// not_permitted (the socket is its user's and group's alone), timed_out, malformed.
[[nodiscard]] Result<Answer> ask(const std::string& socket, const Question& question);

}  // namespace sallyport::admin
