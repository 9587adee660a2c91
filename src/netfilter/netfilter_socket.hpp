// A netlink socket of the netfilter family, by libmnl. Private to netfilter.
#pragma once

#include <memory>
#include <string_view>

#include <libmnl/libmnl.h>

#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

struct MnlCloser {
  void operator()(mnl_socket* socket) const { static_cast<void>(mnl_socket_close(socket)); }
};
using MnlSocketPtr = std::unique_ptr<mnl_socket, MnlCloser>;

// Open, bound and closed on exec.
[[nodiscard]] Result<MnlSocketPtr> open_netfilter_socket();

// Sends a request that wants an acknowledgement, and waits for that: 0, or the kernel's error, which may be one of the
// subsystem's own. `doing` is for what goes wrong with the socket.
[[nodiscard]] Result<int> answer_to(mnl_socket* socket, const nlmsghdr* message, std::string_view doing);

// The same, where the kernel's error is an error.
[[nodiscard]] Result<void> request(mnl_socket* socket, const nlmsghdr* message, std::string_view doing);

}  // namespace sallyport::netfilter
