#include "netfilter_socket.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace sallyport::netfilter {

Result<MnlSocketPtr> open_netfilter_socket() {
  MnlSocketPtr opened(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (!opened) return std::unexpected(errno_error("opening a netfilter socket", errno));
  if (mnl_socket_bind(opened.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    return std::unexpected(errno_error("binding a netfilter socket", errno));
  }
  return opened;
}

Result<int> answer_to(mnl_socket* socket, const nlmsghdr* message, std::string_view doing) {
  if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0) return std::unexpected(errno_error(doing, errno));
  alignas(nlmsghdr) std::array<char, 8192> answer{};
  for (;;) {
    const ssize_t size = mnl_socket_recvfrom(socket, answer.data(), answer.size());
    if (size < 0) return std::unexpected(errno_error(doing, errno));
    auto* reply = reinterpret_cast<nlmsghdr*>(answer.data());
    if (!mnl_nlmsg_ok(reply, static_cast<int>(size)) || reply->nlmsg_type != NLMSG_ERROR) continue;
    const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(reply));
    if (error->msg.nlmsg_seq != message->nlmsg_seq) continue;
    return -error->error;
  }
}

Result<void> request(mnl_socket* socket, const nlmsghdr* message, std::string_view doing) {
  const Result<int> answer = answer_to(socket, message, doing);
  if (!answer) return std::unexpected(answer.error());
  if (*answer != 0) return std::unexpected(errno_error(doing, *answer));
  return {};
}

}  // namespace sallyport::netfilter
