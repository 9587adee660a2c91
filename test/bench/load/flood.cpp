#include "flood.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <iostream>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "percentiles.hpp"

namespace sallyport::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;
using std::chrono::duration_cast;

Result<std::string> client_hello(const Flood& flood) {
  const Result<crypto::SslCtxPtr> context = client_context(flood.roots_file, flood.groups);
  if (!context) return std::unexpected(context.error());
  crypto::SslPtr ssl(SSL_new(context->get()));
  BIO* sent = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), sent);
  SSL_set_tlsext_host_name(ssl.get(), flood.name.c_str());
  SSL_connect(ssl.get());
  const char* bytes = nullptr;
  const long length = BIO_get_mem_data(sent, &bytes);
  if (length <= 0) return std::unexpected(crypto::take_error(ErrorKind::tls, "a ClientHello"));
  return std::string(bytes, static_cast<std::size_t>(length));
}

class Flooding {
 public:
  Flooding(const Flood& flood, std::string hello)
      : flood_(flood), hello_(std::move(hello)), poller_(::epoll_create1(EPOLL_CLOEXEC)) {}

  Result<void> run() {
    const auto began = Clock::now();
    const auto end = began + duration_cast<Clock::duration>(duration<double>(flood_.seconds));
    for (auto now = began; now < end; now = Clock::now()) {
      const auto due = static_cast<std::uint64_t>(duration<double>(now - began).count() * flood_.rate);
      for (; asked_ < due; ++asked_) {
        if (open_.size() >= flood_.most_open) {
          ++put_off_;
          continue;
        }
        const Result<void> begun = begin(asked_);
        if (!begun) return begun;
      }
      give_up_before(now - duration_cast<Clock::duration>(duration<double>(flood_.patience)));
      serve_events();
    }
    std::cout << nlohmann::json{{"seconds", duration<double>(Clock::now() - began).count()},
                                {"begun", begun_},
                                {"answered", answers_.size()},
                                {"refused", refused_},
                                {"given_up", given_up_},
                                {"put_off", put_off_},
                                {"open", open_.size()},
                                {"answer_us", percentiles(answers_)}}
              << '\n';
    return {};
  }

 private:
  struct Attempt {
    UniqueFd socket;
    Clock::time_point began;
    bool asked = false;
  };

  Result<void> begin(std::uint64_t number) {
    Destination from = flood_.destination;
    from.source = address_after(from.source, static_cast<unsigned>(number % flood_.sources));
    Result<UniqueFd> socket = begin_to_dial(from);
    if (!socket) return std::unexpected(socket.error());
    // It leaves at once when it has its answer: no socket stays behind in TIME_WAIT.
    const linger none = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket->get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    const std::uint64_t id = begun_++;
    epoll_event wanted{.events = EPOLLOUT, .data = {.u64 = id}};
    if (::epoll_ctl(poller_.get(), EPOLL_CTL_ADD, socket->get(), &wanted) != 0) {
      return std::unexpected(errno_error("epoll_ctl", errno));
    }
    open_.emplace(id, Attempt{.socket = std::move(*socket), .began = Clock::now()});
    return {};
  }

  void serve_events() {
    std::array<epoll_event, 256> events{};
    const int count = ::epoll_wait(poller_.get(), events.data(), events.size(), 1);
    for (int at = 0; at < count; ++at) {
      const auto found = open_.find(events[static_cast<std::size_t>(at)].data.u64);
      if (found != open_.end() && !advance(found->first, found->second)) open_.erase(found);
    }
  }

  // False once the attempt is over.
  bool advance(std::uint64_t id, Attempt& attempt) {
    if (!attempt.asked) {
      attempt.asked = true;
      if (::send(attempt.socket.get(), hello_.data(), hello_.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(hello_.size())) {
        ++refused_;
        return false;
      }
      epoll_event wanted{.events = EPOLLIN, .data = {.u64 = id}};
      return ::epoll_ctl(poller_.get(), EPOLL_CTL_MOD, attempt.socket.get(), &wanted) == 0;
    }
    std::array<unsigned char, 64> answer{};
    constexpr unsigned char handshake_record = 22;
    if (::recv(attempt.socket.get(), answer.data(), answer.size(), MSG_DONTWAIT) > 0 && answer[0] == handshake_record) {
      answers_.push_back(duration<double, std::micro>(Clock::now() - attempt.began).count());
    } else {
      ++refused_;
    }
    return false;
  }

  void give_up_before(Clock::time_point then) {
    for (; oldest_ < begun_; ++oldest_) {
      const auto found = open_.find(oldest_);
      if (found == open_.end()) continue;
      if (found->second.began > then) return;
      open_.erase(found);
      ++given_up_;
    }
  }

  const Flood& flood_;
  std::string hello_;
  UniqueFd poller_;
  std::unordered_map<std::uint64_t, Attempt> open_;
  std::uint64_t asked_ = 0, begun_ = 0, oldest_ = 0, refused_ = 0, given_up_ = 0, put_off_ = 0;
  std::vector<double> answers_;
};

}  // namespace

Result<void> run_flood(const Flood& flood) {
  Result<std::string> hello = client_hello(flood);
  if (!hello) return std::unexpected(hello.error());
  return Flooding(flood, std::move(*hello)).run();
}

}  // namespace sallyport::bench
