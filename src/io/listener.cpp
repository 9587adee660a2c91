#include "sallyport/io/listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "local_socket.hpp"
#include "socket_options.hpp"

namespace sallyport::io {
namespace {

Result<void> prepare(int socket, const Listener::Options& options) {
  const int family = options.at.address.family();
  Result<void> set = set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (set && options.shared) set = set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
  // The IPv4 wildcard has a listener of its own.
  if (set && family == AF_INET6) set = set_option(socket, SOL_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
  if (set && options.transparent) set = set_transparent(socket, family);
  if (!set) return set;
  set_no_delay(socket);  // each socket that it accepts inherits it
  sockaddr_storage address{};
  const socklen_t length = options.at.to_sockaddr(address);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return std::unexpected(errno_error("bind", errno));
  }
  if (::listen(socket, options.backlog) != 0) return std::unexpected(errno_error("listen", errno));
  return {};
}

Endpoint name_of_socket(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Endpoint::from_sockaddr(address);
}

// Errors of the connection that was to be accepted, not of the listener (accept(2), "Error handling").
bool belongs_to_the_connection(int code) {
  switch (code) {
    case EINTR:
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(EventLoop& loop, const Options& options) {
  const std::string where = "listening on " + options.at.to_string();
  Result<UniqueFd> socket = new_tcp_socket(options.at.address.family());
  if (!socket) return fail_while(where, socket.error());
  const Result<void> prepared = prepare(socket->get(), options);
  if (!prepared) return fail_while(where, prepared.error());
  const Endpoint local = name_of_socket(socket->get());
  return std::unique_ptr<Listener>(new Listener(loop, std::move(*socket), local, local.to_string()));
}

Result<std::unique_ptr<Listener>> Listener::open_local(EventLoop& loop, const std::string& path, unsigned mode) {
  Result<UniqueFd> socket = listen_locally(path, mode);
  if (!socket) return fail_while("listening on " + path, socket.error());
  return std::unique_ptr<Listener>(new Listener(loop, std::move(*socket), {}, path));
}

Task<Result<Accepted>> Listener::accept() {
  for (;;) {
    if (socket_.closed()) co_return std::unexpected(socket_.error());
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    UniqueFd accepted(
        ::accept4(socket_.fd(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted) {
      const Endpoint local = name_of_socket(accepted.get());
      co_return Accepted{std::move(accepted), Endpoint::from_sockaddr(peer), local};
    }
    if (errno == EAGAIN) {
      socket_.mark_blocked(Interest::readable);
      const Result<void> ready = co_await socket_.ready(Interest::readable);
      if (!ready) co_return std::unexpected(ready.error());
    } else if (!belongs_to_the_connection(errno)) {
      co_return std::unexpected(errno_error("accepting on " + name_, errno));
    }
  }
}

}  // namespace sallyport::io
