// Listener: a listening TCP socket of one worker; several workers share a port by SO_REUSEPORT.
//
// One thread; owned by its worker. accept() gives connections as long as it is called; when the
// process is out of descriptors it fails with ErrorKind::exhausted, and the caller rests and calls again.
#pragma once

#include <memory>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/unique_fd.hpp"
#include "sallyport/io/fd_stream.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::io {

struct Accepted {
  UniqueFd socket;  // non-blocking, TCP_NODELAY
  Endpoint peer;
  Endpoint local;  // under TPROXY, where the client was going (the kernel's getsockname)
};

class Listener {
 public:
  struct Options {
    Endpoint at;
    bool transparent = false;  // IP_TRANSPARENT: take connections to any address; needs CAP_NET_RAW
    int backlog = 4096;
  };

  // Errors name the address: in use, not ours, no privilege.
  static Result<std::unique_ptr<Listener>> open(EventLoop& loop, const Options& options);

  Task<Result<Accepted>> accept();
  // accept() that is waiting, and any later one, fails with `why`.
  void close(Error why) { socket_.close(std::move(why)); }
  // Where it listens; tells the port that the kernel chose when it was asked for port 0.
  [[nodiscard]] const Endpoint& local() const { return local_; }

 private:
  Listener(EventLoop& loop, UniqueFd socket, const Endpoint& local) : socket_(loop, std::move(socket)), local_(local) {}

  FdStream socket_;
  Endpoint local_;
};

}  // namespace sallyport::io
