#include "process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sallyport/crypto/direct_keys.hpp"
#include "sallyport/crypto/key_schedule.hpp"
#include "sallyport/crypto/openssl.hpp"
#include "sallyport/netfilter/net_admin.hpp"

namespace sallyport::daemon {
namespace {

// A socket that got the number of a closed standard stream would receive what some library prints.
Result<void> open_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    if (::open("/dev/null", O_RDWR) != fd) return std::unexpected(errno_error("opening /dev/null", errno));
  }
  return {};
}

Result<void> forbid_core_dumps() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return std::unexpected(errno_error("RLIMIT_CORE", errno));
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return std::unexpected(errno_error("PR_SET_DUMPABLE", errno));
  return {};
}

Result<void> raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::unexpected(errno_error("RLIMIT_NOFILE", errno));
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return std::unexpected(errno_error("RLIMIT_NOFILE", errno));
  return {};
}

}  // namespace

Result<void> harden_process() {
  if (auto done = open_standard_streams(); !done) return done;
  if (auto done = forbid_core_dumps(); !done) return done;
  if (auto done = raise_descriptor_limit(); !done) return done;
  if (auto done = netfilter::put_net_admin_aside(); !done) return done;
  ::umask(077);
  if (::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return std::unexpected(errno_error("ignoring SIGPIPE", errno));
  if (auto done = crypto::initialise(); !done) return done;
  if (auto done = crypto::use_keys_directly(); !done) return done;
  return crypto::provide_key_schedule();
}

std::size_t descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace sallyport::daemon
