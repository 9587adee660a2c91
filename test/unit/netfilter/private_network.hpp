// A network namespace of the test's own, so that rtnetlink can be tried without touching the machine's network.
// Root makes one directly; others through a user namespace, where the kernel allows that.
#pragma once

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace sallyport::test {

// Root inside the new user namespace, so that the `ip` commands keep its capabilities over their exec.
inline bool enter_as_user() {
  const uid_t user = geteuid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  std::ofstream("/proc/self/uid_map") << "0 " << user << " 1" << std::endl;
  return geteuid() == 0;
}

// Moves this thread, and what it starts, into a new network namespace; returns whether that was possible and
// says so on standard error when not.
inline bool enter_private_network() {
  if (geteuid() == 0 ? unshare(CLONE_NEWNET) == 0 : enter_as_user()) return true;
  std::fprintf(stderr, "SKIPPED: this needs a network namespace of its own: %s\n", std::strerror(errno));
  return false;
}

// Runs an `ip` command in that namespace; false if it failed.
inline bool ip(const std::string& arguments) {
  const std::string path = "PATH=$PATH:/usr/sbin:/sbin ip ";
  return std::system((path + arguments).c_str()) == 0;  // NOLINT(concurrency-mt-unsafe): tests have one thread
}

}  // namespace sallyport::test
