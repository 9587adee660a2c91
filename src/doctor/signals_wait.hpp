// SignalsWait: what would end the process has to wait for as long as the object lives.
//
// One thread, and no other may run.
#pragma once

#include <signal.h>

#include <algorithm>
#include <array>

namespace sallyport::doctor {

class SignalsWait {
 public:
  SignalsWait() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : ending) sigaddset(&signals, signal);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~SignalsWait() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

  // One of them waits: the user has had enough.
  [[nodiscard]] static bool interrupted() {
    sigset_t waiting;
    sigpending(&waiting);
    return std::ranges::any_of(ending, [&](int signal) { return sigismember(&waiting, signal) == 1; });
  }

 private:
  static constexpr std::array ending = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

  sigset_t before_{};
};

}  // namespace sallyport::doctor
