// SignalQueue: the signals an admin and systemd send, read one by one from a descriptor instead of interrupting code.
//
// Opened by main's thread before any other thread is made, so that all of them inherit the blocked set. One thread
// reads.
#pragma once

#include <optional>

#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::daemon {

class SignalQueue {
 public:
  // SIGHUP, SIGUSR1, SIGTERM and SIGINT.
  static Result<SignalQueue> open();

  // Readable when next() has something.
  [[nodiscard]] int fd() const { return fd_.get(); }

  // The next signal's number; nullopt: none is waiting.
  [[nodiscard]] std::optional<int> next();

 private:
  explicit SignalQueue(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace sallyport::daemon
