#include "local_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sallyport::io {
namespace {

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(ErrorKind::config, "the path of a socket has 1 to " + std::to_string(sizeof address.sun_path - 1) +
                                       " bytes, and this one " + std::to_string(path.size()));
  }
  std::ranges::copy(path, std::begin(address.sun_path));
  return address;
}

Result<UniqueFd> new_local_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return std::unexpected(errno_error("socket", errno));
  return socket;
}

}  // namespace

Result<UniqueFd> listen_locally(const std::string& path, unsigned mode) {
  const Result<sockaddr_un> address = address_of(path);
  if (!address) return std::unexpected(address.error());
  Result<UniqueFd> socket = new_local_socket();
  if (!socket) return socket;
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) return fail(ErrorKind::config, "something that is no socket is there");
    if (connect_locally(path)) return fail(ErrorKind::exhausted, "another process listens there");
    if (::unlink(path.c_str()) != 0) return std::unexpected(errno_error("removing what a dead process left", errno));
  }
  // Nobody connects between bind() and listen(), so the permissions are right before the first one can.
  if (::bind(socket->get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return std::unexpected(errno_error("bind", errno));
  }
  if (::chmod(path.c_str(), mode) != 0) return std::unexpected(errno_error("chmod", errno));
  if (::listen(socket->get(), SOMAXCONN) != 0) return std::unexpected(errno_error("listen", errno));
  return socket;
}

Result<UniqueFd> connect_locally(const std::string& path) {
  const Result<sockaddr_un> address = address_of(path);
  if (!address) return std::unexpected(address.error());
  Result<UniqueFd> socket = new_local_socket();
  if (!socket) return socket;
  if (::connect(socket->get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return std::unexpected(errno_error("connecting to " + path, errno));
  }
  return socket;
}

}  // namespace sallyport::io
