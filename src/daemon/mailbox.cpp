#include "mailbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace sallyport::daemon {

Result<std::unique_ptr<Mailbox>> Mailbox::open() {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return std::unexpected(errno_error("eventfd", errno));
  return std::unique_ptr<Mailbox>(new Mailbox(std::move(event)));
}

void Mailbox::post(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  const std::uint64_t one = 1;
  // Fails only where the counter is full, and then it is readable as it is.
  static_cast<void>(!::write(event_.get(), &one, sizeof one));
}

void Mailbox::empty() {
  std::uint64_t count = 0;
  // Nothing to read is no error: there was nothing to do. What comes between this and the next lines is done now, and
  // the event that it raises finds nothing.
  static_cast<void>(!::read(event_.get(), &count, sizeof count));
  std::vector<std::function<void()>> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(jobs_);
  }
  for (const std::function<void()>& job : jobs) job();
}

}  // namespace sallyport::daemon
