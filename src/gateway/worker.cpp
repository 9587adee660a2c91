#include "sallyport/gateway/worker.hpp"

#include <atomic>
#include <list>

#include "sallyport/io/listener.hpp"
#include "sallyport/io/notification.hpp"

#include "connection.hpp"
#include "replays.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {
namespace {

// How long the accept loop rests when descriptors run out, and how often it says so.
constexpr io::Duration rest_when_exhausted = std::chrono::milliseconds(100);
constexpr io::Duration between_warnings = std::chrono::seconds(5);
// Connections taken in one turn before those that are open get theirs.
constexpr int most_accepted_at_once = 64;

tls::MinVersion min_version(config::MinTls setting) {
  return setting == config::MinTls::tls13 ? tls::MinVersion::tls13 : tls::MinVersion::tls12;
}

}  // namespace

Result<Generation> Generation::of(ConfigurationPtr configuration) {
  Result<std::unique_ptr<tls::ServerContext>> server =
      tls::ServerContext::create({.ticket_keys = configuration->ticket_keys});
  if (!server) return std::unexpected(server.error());
  Result<std::unique_ptr<tls::ClientContext>> client =
      tls::ClientContext::create(min_version(configuration->settings.upstream.min_tls));
  if (!client) return std::unexpected(client.error());
  std::string scope = "|" + std::to_string(configuration->policy->generation()) + "|" +
                      std::to_string(configuration->trust->generation());
  return Generation{std::move(configuration), std::move(*server), std::move(*client), std::move(scope)};
}

class Worker::Impl {
 public:
  Impl(Shared shared, std::unique_ptr<io::EventLoop> loop)
      : loop_(std::move(loop)), context_(std::move(shared), *loop_), replays_(context_, [this] { stop_if_done(); }) {}

  Result<void> open(ConfigurationPtr configuration, AddressesPtr addresses) {
    context_.addresses = std::move(addresses);
    Result<Generation> generation = Generation::of(std::move(configuration));
    if (!generation) return std::unexpected(generation.error());
    context_.generation = std::move(*generation);
    Result<std::unique_ptr<io::Resolver>> resolver =
        io::Resolver::create(*loop_, context_.settings().upstream.dns_servers);
    if (!resolver) return std::unexpected(resolver.error());
    context_.resolver = std::move(*resolver);
    const config::Settings::Listen& listen = context_.settings().listen;
    const std::pair<Door, const std::vector<Endpoint>*> doors[] = {{Door::transparent, &listen.transparent},
                                                                   {Door::transparent_http, &listen.transparent_http},
                                                                   {Door::proxy, &listen.proxy},
                                                                   {Door::proxy_tls, &listen.proxy_tls},
                                                                   {Door::onboarding, &listen.onboarding}};
    for (const auto& [door, endpoints] : doors) {
      const Result<void> opened = listen_on(*endpoints, door);
      if (!opened) return opened;
    }
    return {};
  }

  void run() {
    std::list<io::StartedTask<void>> accepting;
    for (Entrance& entrance : entrances_) accepting.emplace_back(accept_from(entrance));
    loop_->run();
    // Joined by now: the loop stops after the last of them has ended.
    accepting.clear();
    context_.pool.clear();
  }

  void configure(ConfigurationPtr configuration) {
    const bool new_trust = configuration->trust != context_.generation.configuration->trust;
    Result<Generation> generation = Generation::of(std::move(configuration));
    if (!generation) {
      context_.log().error("a worker keeps the old configuration: " + generation.error().reason);
      return;
    }
    context_.generation = std::move(*generation);
    Result<std::unique_ptr<io::Resolver>> resolver =
        io::Resolver::create(*loop_, context_.settings().upstream.dns_servers);
    if (resolver) {
      context_.resolver = std::move(*resolver);
    } else {
      context_.log().error("a worker keeps the old DNS servers: " + resolver.error().reason);
    }
    // Whatever the new rules and bounds may forbid is dialled anew.
    context_.pool.clear();
    if (new_trust) context_.shared.origins->forget_all();
  }

  void drain() {
    if (std::exchange(draining_, true)) return;
    for (Entrance& entrance : entrances_) entrance.listener->close({ErrorKind::cancelled, "draining"});
    for (Open& open : connections_) open.connection.drain();
    stop_if_done();
  }

  void stop() {
    drain();
    for (Open& open : connections_) open.connection.end({ErrorKind::cancelled, "the gateway stops"});
    replays_.end({ErrorKind::cancelled, "the gateway stops"});
  }

  void replay(const ReplayOrder& order, const Replays::Tell& tell) {
    if (draining_) {
      tell({.refusal = "the gateway is ending"});
    } else {
      replays_.start(order, tell);
    }
  }

  void end_capture(std::uint64_t id) {
    context_.captures.end(id);
    if (context_.captures.any()) return;
    context_.generation.server_tls->forget_secrets();
    context_.generation.client_tls->forget_secrets();
  }

  [[nodiscard]] WorkerContext& context() { return context_; }
  [[nodiscard]] io::EventLoop& loop() { return *loop_; }
  [[nodiscard]] std::size_t connections() const { return connection_count_; }

 private:
  struct Entrance {
    std::unique_ptr<io::Listener> listener;
    Door door;
  };

  // A connection and the coroutine that runs it.
  struct Open {
    Open(Impl& given_owner, io::Accepted accepted, Door door, ConnectionCounts::Place place)
        : owner(given_owner), connection(owner.context_, std::move(accepted), door, std::move(place)) {}
    Impl& owner;
    std::list<Open>::iterator position;
    Connection connection;
    std::optional<io::StartedTask<void>> task;
  };

  Result<void> listen_on(const std::vector<Endpoint>& endpoints, Door door) {
    for (const Endpoint& endpoint : endpoints) {
      Result<std::unique_ptr<io::Listener>> listener =
          io::Listener::open(*loop_, {.at = endpoint, .shared = true, .transparent = is_transparent(door)});
      if (!listener) return std::unexpected(listener.error());
      entrances_.push_back({std::move(*listener), door});
    }
    return {};
  }

  io::Task<void> accept_from(Entrance& entrance) {
    ++accepting_;
    int at_once = 0;
    while (!draining_) {
      if (loop_->is_behind()) {
        // Who waits in the kernel's queue costs nothing yet.
        co_await io::next_turn(*loop_);
        continue;
      }
      Result<io::Accepted> accepted = co_await entrance.listener->accept();
      if (accepted) {
        admit(std::move(*accepted), entrance.door);
        if (++at_once < most_accepted_at_once) continue;
        at_once = 0;
        co_await io::sleep_until(*loop_, loop_->now());
      } else if (!draining_) {
        warn(accepted.error().reason + "; resting. Raise LimitNOFILE= or lower max_connections");
        co_await io::sleep_until(*loop_, loop_->now() + rest_when_exhausted);
      }
    }
    --accepting_;
    stop_if_done();
  }

  void admit(io::Accepted accepted, Door door) {
    const config::Settings& settings = context_.settings();
    Result<ConnectionCounts::Place> place = context_.shared.counts->enter(
        accepted.peer.address, settings.gateway.max_connections, settings.limits.connections_per_client);
    if (!place) {
      context_.metrics.refused.add();
      warn("refused a connection: " + place.error().reason);
      return;
    }
    context_.metrics.accepted[static_cast<std::size_t>(door)].add();
    const auto open = connections_.emplace(connections_.end(), *this, std::move(accepted), door, std::move(*place));
    open->position = open;
    connection_count_ = connections_.size();
    open->task.emplace(run_connection(*open));
  }

  io::Task<void> run_connection(Open& open) {
    co_await open.connection.run();
    // From the loop: the task itself has to end first.
    loop_->make_ready(&Impl::remove, &open);
  }

  static void remove(void* ended) {
    const auto& open = *static_cast<Open*>(ended);
    Impl& impl = open.owner;
    impl.connections_.erase(open.position);
    impl.connection_count_ = impl.connections_.size();
    impl.stop_if_done();
  }

  void stop_if_done() {
    if (draining_ && accepting_ == 0 && connections_.empty() && replays_.empty()) loop_->stop();
  }

  void warn(const std::string& what) {
    if (loop_->now() - last_warning_ < between_warnings) return;
    last_warning_ = loop_->now();
    context_.log().warning(what);
  }

  std::unique_ptr<io::EventLoop> loop_;
  WorkerContext context_;
  std::list<Entrance> entrances_;
  std::list<Open> connections_;
  Replays replays_;
  std::atomic<std::size_t> connection_count_ = 0;
  int accepting_ = 0;
  bool draining_ = false;
  io::TimePoint last_warning_;
};

Result<std::unique_ptr<Worker>> Worker::create(Shared shared, ConfigurationPtr configuration, AddressesPtr addresses) {
  Result<std::unique_ptr<io::EventLoop>> loop = io::EventLoop::create();
  if (!loop) return std::unexpected(loop.error());
  auto impl = std::make_unique<Impl>(std::move(shared), std::move(*loop));
  const Result<void> opened = impl->open(std::move(configuration), std::move(addresses));
  if (!opened) return std::unexpected(opened.error());
  return std::unique_ptr<Worker>(new Worker(std::move(impl)));
}

Worker::Worker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Worker::~Worker() = default;

void Worker::run() { impl_->run(); }

void Worker::configure(ConfigurationPtr configuration) {
  impl_->loop().post(
      [impl = impl_.get(), configuration = std::move(configuration)] { impl->configure(configuration); });
}

void Worker::set_addresses(AddressesPtr addresses) {
  impl_->loop().post([impl = impl_.get(), addresses = std::move(addresses)] { impl->context().addresses = addresses; });
}

void Worker::drain() {
  impl_->loop().post([impl = impl_.get()] { impl->drain(); });
}

void Worker::stop() {
  impl_->loop().post([impl = impl_.get()] { impl->stop(); });
}

std::size_t Worker::connections() const { return impl_->connections(); }

const Metrics& Worker::metrics() const { return impl_->context().metrics; }

Worker::Holdings Worker::holdings() const {
  const WorkerContext& context = impl_->context();
  return {.connections = impl_->connections(),
          .idle_upstreams = context.pool.size(),
          .shared_upstreams = context.pool.shared_size(),
          .lent_bytes = context.buffers.lent_bytes(),
          .kept_bytes = context.buffers.kept_bytes()};
}

const OpenConnections& Worker::open_connections() const { return impl_->context().open_connections; }

void Worker::replay(ReplayOrder order, std::function<void(ReplayResult)> tell) {
  impl_->loop().post(
      [impl = impl_.get(), order = std::move(order), tell = std::move(tell)] { impl->replay(order, tell); });
}

void Worker::begin_capture(CaptureOrder order) {
  impl_->loop().post([impl = impl_.get(), order = std::move(order)] { impl->context().captures.begin(order); });
}

void Worker::end_capture(std::uint64_t id) {
  impl_->loop().post([impl = impl_.get(), id] { impl->end_capture(id); });
}

void Worker::ping(std::function<void()> alive) { impl_->loop().post(std::move(alive)); }

}  // namespace sallyport::gateway
