#include "socket_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace sallyport::io {

Result<UniqueFd> new_tcp_socket(int family) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return std::unexpected(errno_error("socket", errno));
  return socket;
}

Result<void> set_option(int socket, int level, int option, int value, const char* name) {
  if (::setsockopt(socket, level, option, &value, sizeof value) == 0) return {};
  return std::unexpected(errno_error(name, errno));
}

Result<void> set_transparent(int socket, int family) {
  if (family == AF_INET) return set_option(socket, SOL_IP, IP_TRANSPARENT, 1, "IP_TRANSPARENT (needs CAP_NET_RAW)");
  return set_option(socket, SOL_IPV6, IPV6_TRANSPARENT, 1, "IPV6_TRANSPARENT (needs CAP_NET_RAW)");
}

void set_no_delay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace sallyport::io
