// Listener: a listening socket: TCP, of which several may share a port, one a worker; or local, a path in the file
// system.
//
// One thread; owned by its worker. accept() gives connections as long as it is called; when the
// process is out of descriptors it fails with ErrorKind::exhausted, and the caller rests and calls again.
#pragma once

#include <memory>
#include <string>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/unique_fd.hpp"
#include "sallyport/io/fd_stream.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::io {

struct Accepted {
  UniqueFd socket;  // non-blocking, TCP_NODELAY
  Endpoint peer;    // unspecified on a local socket, as is
  Endpoint local;   // under TPROXY, where the client was going (the kernel's getsockname)
};

class Listener {
 public:
  struct Options {
    Endpoint at;
    bool shared = false;       // SO_REUSEPORT: others of this user that ask for it too get their share of what comes
    bool transparent = false;  // IP_TRANSPARENT: take connections to any address; needs CAP_NET_RAW
    int backlog = 4096;
  };

  // Errors name the address: in use, not ours, no privilege.
  static Result<std::unique_ptr<Listener>> open(EventLoop& loop, const Options& options);

  // A local socket (unix(7)) at `path`, with these permissions; one that a dead process left there is replaced. Errors
  // name the path: in use by a living process, the folder lacks or may not be written, the path is too long.
  static Result<std::unique_ptr<Listener>> open_local(EventLoop& loop, const std::string& path, unsigned mode);

  Task<Result<Accepted>> accept();
  // accept() that is waiting, and any later one, fails with `why`.
  void close(Error why) { socket_.close(std::move(why)); }
  // TCP: where it listens; tells the port that the kernel chose when it was asked for port 0.
  [[nodiscard]] const Endpoint& local() const { return local_; }

 private:
  Listener(EventLoop& loop, UniqueFd socket, const Endpoint& local, std::string name)
      : socket_(loop, std::move(socket)), local_(local), name_(std::move(name)) {}

  FdStream socket_;
  Endpoint local_;
  std::string name_;
};

}  // namespace sallyport::io
