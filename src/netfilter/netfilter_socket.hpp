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

// Sends a request that wants an acknowledgement, and waits for that. `doing` is for the error.
[[nodiscard]] Result<void> request(mnl_socket* socket, const nlmsghdr* message, std::string_view doing);

}  // namespace sallyport::netfilter
