#include "sallyport/io/resolver.hpp"

#include <netinet/in.h>

#include <cstring>
#include <optional>
#include <unordered_map>

#include <ares.h>
#include <event2/event.h>

#include "sallyport/io/notification.hpp"

namespace sallyport::io {
namespace {

constexpr int first_timeout_ms = 2000;  // doubles with each of the tries
constexpr int tries = 2;

struct ChannelDeleter {
  void operator()(ares_channel channel) const { ares_destroy(channel); }
};
using ChannelPtr = std::unique_ptr<std::remove_pointer_t<ares_channel>, ChannelDeleter>;

struct AddrinfoDeleter {
  void operator()(ares_addrinfo* info) const { ares_freeaddrinfo(info); }
};

ErrorKind kind_of(int status) {
  switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
      return ErrorKind::unreachable;
    case ARES_ETIMEOUT:
      return ErrorKind::timed_out;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return ErrorKind::cancelled;
    default:
      return ErrorKind::system;
  }
}

std::vector<IpAddress> addresses_in(const ares_addrinfo& info) {
  std::vector<IpAddress> addresses;
  for (const ares_addrinfo_node* node = info.nodes; node != nullptr; node = node->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, node->ai_addr, std::min<std::size_t>(node->ai_addrlen, sizeof storage));
    addresses.push_back(Endpoint::from_sockaddr(storage).address);
  }
  return addresses;
}

// One question. Shared by the coroutine that waits and by c-ares, which may answer after a
// cancelled waiter has left.
struct Query {
  Query(EventLoop& loop, std::string asked) : name(std::move(asked)), answered(loop) {}

  void finish(Result<std::vector<IpAddress>> with) {
    if (result) return;
    result = std::move(with);
    answered.notify();
  }

  std::string name;
  Notification answered;
  std::optional<Result<std::vector<IpAddress>>> result;
};

class AresResolver final : public Resolver {
 public:
  explicit AresResolver(EventLoop& loop) : loop_(loop), timer_(loop, &AresResolver::on_timer, this) {}

  Result<void> open(const std::vector<Endpoint>& servers) {
    ares_options options{};
    options.sock_state_cb = &AresResolver::on_socket_state;
    options.sock_state_cb_data = this;
    // A name from the network is meant as it stands; search domains are for what people type.
    options.flags = ARES_FLAG_NOSEARCH;
    options.timeout = first_timeout_ms;
    options.tries = tries;
    ares_channel channel = nullptr;
    const int status = ares_init_options(&channel, &options,
                                         ARES_OPT_FLAGS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (status != ARES_SUCCESS) return fail(ErrorKind::system, std::string("DNS: ") + ares_strerror(status));
    channel_.reset(channel);
    std::string list;
    for (const Endpoint& server : servers) list += (list.empty() ? "" : ",") + server.to_string();
    if (!list.empty() && ares_set_servers_ports_csv(channel, list.c_str()) != ARES_SUCCESS) {
      return fail(ErrorKind::config, "DNS: these servers are not usable: " + list);
    }
    return {};
  }

  Task<Result<std::vector<IpAddress>>> resolve(std::string name, TimePoint deadline,
                                               Cancellation& cancellation) override {
    const auto query = std::make_shared<Query>(loop_, std::move(name));
    const Cancellation::Watch watch(
        cancellation, [](void* asked, const Error& why) { static_cast<Query*>(asked)->finish(std::unexpected(why)); },
        query.get());
    ask(query);
    const bool answered = co_await query->answered.wait_until(deadline);
    if (!answered) query->finish(fail(ErrorKind::timed_out, "resolving " + query->name + ": no answer in time"));
    co_return std::move(*query->result);
  }

 private:
  void ask(const std::shared_ptr<Query>& query) {
    if (query->result) return;
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    auto* const held_by_ares = new std::shared_ptr<Query>(query);
    ares_getaddrinfo(channel_.get(), query->name.c_str(), nullptr, &hints, &AresResolver::on_answer, held_by_ares);
    arm_timer();
  }

  static void on_answer(void* held_by_ares, int status, int /*timeouts*/, ares_addrinfo* answer) {
    const std::unique_ptr<std::shared_ptr<Query>> held(static_cast<std::shared_ptr<Query>*>(held_by_ares));
    const std::unique_ptr<ares_addrinfo, AddrinfoDeleter> info(answer);
    Query& query = **held;
    std::vector<IpAddress> addresses = info ? addresses_in(*info) : std::vector<IpAddress>();
    if (status == ARES_SUCCESS && addresses.empty()) status = ARES_ENODATA;
    if (status == ARES_SUCCESS) {
      query.finish(std::move(addresses));
    } else {
      query.finish(fail(kind_of(status), "resolving " + query.name + ": " + ares_strerror(status)));
    }
  }

  static void on_socket_state(void* self, ares_socket_t socket, int readable, int writable) {
    auto& resolver = *static_cast<AresResolver*>(self);
    resolver.events_.erase(socket);
    const int wanted = (readable != 0 ? EV_READ : 0) | (writable != 0 ? EV_WRITE : 0);
    if (wanted == 0) return;
    EventPtr event(event_new(resolver.loop_.base(), socket, static_cast<short>(wanted | EV_PERSIST),
                             &AresResolver::on_socket, &resolver));
    event_add(event.get(), nullptr);
    resolver.events_.emplace(socket, std::move(event));
  }

  static void on_socket(int socket, short what, void* self) {
    auto& resolver = *static_cast<AresResolver*>(self);
    resolver.loop_.enter_callback();
    ares_process_fd(resolver.channel_.get(), (what & EV_READ) != 0 ? socket : ARES_SOCKET_BAD,
                    (what & EV_WRITE) != 0 ? socket : ARES_SOCKET_BAD);
    resolver.arm_timer();
  }

  static void on_timer(void* self) {
    auto& resolver = *static_cast<AresResolver*>(self);
    ares_process_fd(resolver.channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    resolver.arm_timer();
  }

  void arm_timer() {
    timeval storage{};
    const timeval* const wait = ares_timeout(channel_.get(), nullptr, &storage);
    if (wait == nullptr) {
      timer_.disarm();
    } else {
      timer_.arm(loop_.now() + std::chrono::seconds(wait->tv_sec) + std::chrono::microseconds(wait->tv_usec));
    }
  }

  EventLoop& loop_;
  Timer timer_;
  std::unordered_map<ares_socket_t, EventPtr> events_;
  ChannelPtr channel_;  // destroyed first: answers its open queries and closes its sockets
};

}  // namespace

Result<std::unique_ptr<Resolver>> Resolver::create(EventLoop& loop, const std::vector<Endpoint>& servers) {
  auto resolver = std::make_unique<AresResolver>(loop);
  const Result<void> opened = resolver->open(servers);
  if (!opened) return std::unexpected(opened.error());
  return resolver;
}

}  // namespace sallyport::io
