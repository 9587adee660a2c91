#include "probe_origin.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "sallyport/wire/client_hello_reader.hpp"

namespace sallyport::doctor {
namespace {

constexpr int between_looks_ms = 50;
constexpr int most_looks = 100;  // at one connection

// TLS 1.2's record version, fatal, handshake_failure (RFC 8446 §6).
constexpr std::array<std::uint8_t, 7> alert = {21, 3, 3, 0, 2, 2, 40};

bool wait_readable(int fd) {
  pollfd waited{fd, POLLIN, 0};
  return ::poll(&waited, 1, between_looks_ms) > 0;
}

}  // namespace

ProbeOrigin::ProbeOrigin(UniqueFd listener)
    : listener_(std::move(listener)), thread_([this](const std::stop_token& stop) { serve(stop); }) {}

ProbeOrigin::Seen ProbeOrigin::seen() const {
  const std::scoped_lock lock(mutex_);
  return seen_;
}

void ProbeOrigin::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!wait_readable(listener_.get())) continue;
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    UniqueFd connection(
        ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) continue;
    {
      const std::scoped_lock lock(mutex_);
      seen_.peer = Endpoint::from_sockaddr(from);
    }
    serve_one(stop, std::move(connection));
  }
}

void ProbeOrigin::serve_one(const std::stop_token& stop, UniqueFd connection) {
  wire::ClientHelloReader reader;
  std::array<std::uint8_t, 4096> part{};
  for (int look = 0; look < most_looks && !stop.stop_requested(); ++look) {
    if (!wait_readable(connection.get())) continue;
    const ssize_t count = ::recv(connection.get(), part.data(), part.size(), 0);
    if (count <= 0) return;
    const Result<bool> complete = reader.feed({part.data(), static_cast<std::size_t>(count)});
    if (!complete) return;
    if (!*complete) continue;
    {
      const std::scoped_lock lock(mutex_);
      seen_.name = reader.hello().server_name.value_or("");
    }
    (void)::send(connection.get(), alert.data(), alert.size(), MSG_NOSIGNAL);
    return;
  }
}

}  // namespace sallyport::doctor
