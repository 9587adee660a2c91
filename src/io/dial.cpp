#include "sallyport/io/dial.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <deque>

#include "sallyport/io/notification.hpp"

#include "local_socket.hpp"
#include "socket_options.hpp"

namespace sallyport::io {
namespace {

using StreamPtr = std::unique_ptr<FdStream>;

// RFC 8305 §5: the recommended Connection Attempt Delay.
constexpr Duration attempt_delay = std::chrono::milliseconds(250);
// Under one client address a port can be taken between the kernel's choice and its use.
constexpr int address_tries = 4;

Result<void> bind_source(int socket, const IpAddress& source) {
  Result<void> set = set_transparent(socket, source.family());
  if (set) set = set_option(socket, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1, "IP_BIND_ADDRESS_NO_PORT");
  if (!set) return set;
  sockaddr_storage address{};
  const socklen_t length = Endpoint{source, 0}.to_sockaddr(address);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), length) == 0) return {};
  return std::unexpected(errno_error("binding to " + source.to_string(), errno));
}

Result<UniqueFd> begin_connecting(const Endpoint& target, const std::optional<IpAddress>& source) {
  for (int attempt = 1;; ++attempt) {
    Result<UniqueFd> socket = new_tcp_socket(target.address.family());
    if (!socket) return socket;
    if (source) {
      const Result<void> bound = bind_source(socket->get(), *source);
      if (!bound) return std::unexpected(bound.error());
    }
    set_no_delay(socket->get());
    sockaddr_storage address{};
    const socklen_t length = target.to_sockaddr(address);
    if (::connect(socket->get(), reinterpret_cast<const sockaddr*>(&address), length) == 0 || errno == EINPROGRESS) {
      return socket;
    }
    if (errno != EADDRNOTAVAIL || attempt == address_tries) return std::unexpected(errno_error("connecting", errno));
  }
}

Task<Result<StreamPtr>> connect_to(EventLoop& loop, Endpoint target, std::optional<IpAddress> source,
                                   TimePoint deadline, Cancellation& cancellation) {
  const std::string where = "connecting to " + target.to_string();
  Result<UniqueFd> socket = begin_connecting(target, source);
  if (!socket) co_return fail_while(where, socket.error());
  auto stream = std::make_unique<FdStream>(loop, std::move(*socket));
  const ClosedOnCancel<FdStream> closed_on_cancel(cancellation, *stream);
  stream->set_deadline(deadline);
  stream->mark_blocked(Interest::writable);
  const Result<void> writable = co_await stream->ready(Interest::writable);
  if (!writable) co_return fail_while(where, writable.error());
  int code = 0;
  socklen_t length = sizeof code;
  ::getsockopt(stream->fd(), SOL_SOCKET, SO_ERROR, &code, &length);
  if (code != 0) co_return std::unexpected(errno_error(where, code));
  stream->set_deadline(never);
  co_return std::move(stream);
}

// The attempts of one dial, racing.
class Race {
 public:
  Race(EventLoop& loop, DialOptions options, Cancellation& cancellation)
      : loop_(loop),
        options_(std::move(options)),
        progress_(loop),
        watch_(cancellation, [](void* race, const Error& why) { static_cast<Race*>(race)->give_up(why); }, this) {}

  Task<Result<StreamPtr>> run() {
    std::size_t next = 0;
    while (!winner_ && (next < options_.targets.size() || running_ > 0)) {
      TimePoint wake = never;
      if (next < options_.targets.size() && !losers_.cancelled()) {
        ++running_;
        attempts_.emplace_back(attempt(options_.targets[next++]));
        if (next < options_.targets.size()) wake = loop_.now() + attempt_delay;
      }
      if (winner_ || running_ == 0) continue;
      co_await progress_.wait_until(wake);
    }
    losers_.cancel({ErrorKind::cancelled, "another address answered first"});
    for (StartedTask<void>& started : attempts_) co_await started.join();
    if (winner_) co_return std::move(winner_);
    co_return std::unexpected(last_error_);
  }

 private:
  Task<void> attempt(Endpoint target) {
    Result<StreamPtr> stream = co_await connect_to(loop_, target, options_.source, options_.deadline, losers_);
    --running_;
    if (!stream) {
      if (!winner_) last_error_ = stream.error();
    } else if (!winner_) {
      winner_ = std::move(*stream);
    }
    progress_.notify();
  }

  void give_up(const Error& why) {
    losers_.cancel(why);
    options_.targets.clear();
    last_error_ = why;
    progress_.notify();
  }

  EventLoop& loop_;
  DialOptions options_;
  Notification progress_;
  Cancellation losers_;
  int running_ = 0;
  StreamPtr winner_;
  Error last_error_{ErrorKind::unreachable, "no address to connect to"};
  std::deque<StartedTask<void>> attempts_;
  Cancellation::Watch watch_;
};

}  // namespace

std::vector<Endpoint> interleave_families(const std::vector<IpAddress>& addresses, std::uint16_t port) {
  std::deque<IpAddress> v6;
  std::deque<IpAddress> v4;
  for (const IpAddress& address : addresses) (address.is_v6() ? v6 : v4).push_back(address);
  std::vector<Endpoint> ordered;
  for (bool turn_of_v6 = true; !(v6.empty() && v4.empty()); turn_of_v6 = !turn_of_v6) {
    std::deque<IpAddress>& family = turn_of_v6 ? v6 : v4;
    if (family.empty()) continue;
    ordered.push_back({family.front(), port});
    family.pop_front();
  }
  return ordered;
}

Task<Result<std::unique_ptr<FdStream>>> dial(EventLoop& loop, DialOptions options, Cancellation& cancellation) {
  if (options.targets.size() == 1) {
    const Endpoint only = options.targets.front();
    Result<StreamPtr> stream = co_await connect_to(loop, only, options.source, options.deadline, cancellation);
    co_return stream;
  }
  Race race(loop, std::move(options), cancellation);
  Result<StreamPtr> stream = co_await race.run();
  co_return stream;
}

Result<std::unique_ptr<FdStream>> dial_local(EventLoop& loop, const std::string& path) {
  Result<UniqueFd> socket = connect_locally(path);
  if (!socket) return std::unexpected(socket.error());
  return std::make_unique<FdStream>(loop, std::move(*socket));
}

}  // namespace sallyport::io
