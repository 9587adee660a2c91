#include "signal_queue.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace sallyport::daemon {

Result<SignalQueue> SignalQueue::open() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int number : {SIGHUP, SIGUSR1, SIGTERM, SIGINT}) ::sigaddset(&wanted, number);
  if (const int code = ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr); code != 0) {
    return std::unexpected(errno_error("blocking signals", code));
  }
  UniqueFd fd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return std::unexpected(errno_error("signalfd", errno));
  return SignalQueue(std::move(fd));
}

std::optional<int> SignalQueue::next() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace sallyport::daemon
