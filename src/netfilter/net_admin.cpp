#include "sallyport/netfilter/net_admin.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace sallyport::netfilter {
namespace {

constexpr std::uint32_t bit = 1U << CAP_NET_ADMIN;  // in the first of the two words

Result<void> set_effective(bool wanted) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return std::unexpected(errno_error("capget", errno));
  std::uint32_t& effective = sets[0].effective;
  const std::uint32_t before = effective;
  effective = wanted ? effective | (sets[0].permitted & bit) : effective & ~bit;
  if (effective == before) return {};
  if (::syscall(SYS_capset, &header, sets.data()) != 0) return std::unexpected(errno_error("capset", errno));
  return {};
}

}  // namespace

Result<void> put_net_admin_aside() { return set_effective(false); }

Result<void> take_net_admin_back() { return set_effective(true); }

}  // namespace sallyport::netfilter
