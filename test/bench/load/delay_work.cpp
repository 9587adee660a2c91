#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <iostream>
#include <vector>

#include "works.hpp"

namespace sallyport::bench {
namespace {

using Clock = std::chrono::steady_clock;

Result<UniqueFd> open_tunnel(const std::string& name) {
  UniqueFd device(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!device) return std::unexpected(errno_error("/dev/net/tun", errno));
  ifreq wanted{};
  wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(wanted.ifr_name, name.c_str(), sizeof wanted.ifr_name - 1);
  if (::ioctl(device.get(), TUNSETIFF, &wanted) != 0) return std::unexpected(errno_error("TUNSETIFF", errno));
  return device;
}

Result<void> enter_namespace(const std::string& path) {
  const UniqueFd there(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!there || ::setns(there.get(), CLONE_NEWNET) != 0) return std::unexpected(errno_error("setns " + path, errno));
  return {};
}

// One direction of the wire: packets stay on it for `delay`, in their order.
class Wire {
 public:
  Wire(int from, int to, Clock::duration delay) : from_(from), to_(to), delay_(delay) {}

  void take() {
    std::array<char, 65536> packet;
    for (ssize_t got = 0; (got = ::read(from_, packet.data(), packet.size())) > 0;) {
      packets_.push_back({.due = Clock::now() + delay_, .bytes = {packet.data(), packet.data() + got}});
    }
  }

  // A packet for which the other side has no room, or that finds it down, is lost, as on any wire.
  void give() {
    for (const auto now = Clock::now(); !packets_.empty() && packets_.front().due <= now; packets_.pop_front()) {
      const std::vector<char>& bytes = packets_.front().bytes;
      [[maybe_unused]] const ssize_t written = ::write(to_, bytes.data(), bytes.size());
    }
  }

  [[nodiscard]] Clock::time_point due() const {
    return packets_.empty() ? Clock::time_point::max() : packets_.front().due;
  }

 private:
  struct Packet {
    Clock::time_point due;
    std::vector<char> bytes;
  };

  int from_, to_;
  Clock::duration delay_;
  std::deque<Packet> packets_;
};

}  // namespace

Result<void> run_delay(const std::string& interface, const std::string& other_namespace, double milliseconds) {
  const Result<UniqueFd> near = open_tunnel(interface);
  if (!near) return std::unexpected(near.error());
  if (const Result<void> entered = enter_namespace(other_namespace); !entered) return entered;
  const Result<UniqueFd> far = open_tunnel(interface);
  if (!far) return std::unexpected(far.error());
  std::cout << "{}" << std::endl;

  const auto delay =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(milliseconds));
  Wire out(near->get(), far->get(), delay);
  Wire back(far->get(), near->get(), delay);
  for (;;) {
    const auto due = std::min(out.due(), back.due());
    const auto left = due == Clock::time_point::max() ? std::chrono::nanoseconds(std::chrono::seconds(1))
                                                      : std::max(due - Clock::now(), Clock::duration::zero());
    const timespec wait = {.tv_sec = std::chrono::floor<std::chrono::seconds>(left).count(),
                           .tv_nsec = (left % std::chrono::seconds(1)).count()};
    std::array<pollfd, 3> ready = {{{.fd = near->get(), .events = POLLIN, .revents = 0},
                                    {.fd = far->get(), .events = POLLIN, .revents = 0},
                                    {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}}};
    ::ppoll(ready.data(), ready.size(), &wait, nullptr);
    if (ready[2].revents != 0) return {};
    out.take();
    back.take();
    out.give();
    back.give();
  }
}

}  // namespace sallyport::bench
