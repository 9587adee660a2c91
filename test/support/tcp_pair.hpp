// TcpPair: two connected sockets over the loopback interface.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "sallyport/base/unique_fd.hpp"

#include "check.hpp"

namespace sallyport::test {

struct TcpPair {
  // `flags`: SOCK_NONBLOCK, for both.
  explicit TcpPair(int flags = 0) {
    const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t length = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    CHECK_EQUAL(::bind(listener.get(), plain, length), 0);
    CHECK_EQUAL(::listen(listener.get(), 1), 0);
    CHECK_EQUAL(::getsockname(listener.get(), plain, &length), 0);
    left.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    const int connected = ::connect(left.get(), plain, length);
    CHECK(connected == 0 || flags != 0);
    // The handshake is over before the listener has something to give.
    right.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | flags));
    CHECK(right);
  }

  UniqueFd left, right;
};

}  // namespace sallyport::test
