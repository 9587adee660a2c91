#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <thread>

#include "works.hpp"

namespace sallyport::bench {
namespace {

constexpr std::size_t pipe_bytes = 1 << 20;

// Moves bytes from one socket to the other until the first ends; both block.
void splice_all(int from, int to) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
  const UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  ::fcntl(in.get(), F_SETPIPE_SZ, pipe_bytes);
  for (;;) {
    ssize_t held = ::splice(from, nullptr, in.get(), nullptr, pipe_bytes, SPLICE_F_MOVE);
    if (held <= 0) break;
    while (held > 0) {
      const ssize_t moved = ::splice(out.get(), nullptr, to, nullptr, static_cast<std::size_t>(held), SPLICE_F_MOVE);
      if (moved <= 0) return;
      held -= moved;
    }
  }
  ::shutdown(to, SHUT_WR);
}

void relay_one(UniqueFd client, const Destination& origin) {
  const Result<UniqueFd> upstream = dial(origin);
  if (!upstream) {
    std::cerr << "bench-load: " << upstream.error().reason << '\n';
    return;
  }
  // The origin's patience with silence is not this relay's business.
  const timeval for_ever{};
  ::setsockopt(upstream->get(), SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof for_ever);
  const std::jthread back([&] { splice_all(upstream->get(), client.get()); });
  splice_all(client.get(), upstream->get());
}

}  // namespace

Result<void> run_relay(std::uint16_t port, const Destination& origin) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int one = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0) {
    return std::unexpected(errno_error("listening on port " + std::to_string(port), errno));
  }
  for (;;) {
    UniqueFd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return std::unexpected(errno_error("accept", errno));
    std::thread([client = std::move(client), &origin]() mutable { relay_one(std::move(client), origin); }).detach();
  }
}

}  // namespace sallyport::bench
