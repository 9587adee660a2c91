#include "sallyport/admin/admin_server.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <list>
#include <optional>
#include <thread>

#include <pthread.h>

#include "sallyport/http/http1_server.hpp"
#include "sallyport/io/listener.hpp"
#include "sallyport/io/notification.hpp"

#include "api.hpp"
#include "dashboard.hpp"
#include "dashboard_tls.hpp"
#include "secret.hpp"

namespace sallyport::admin {
namespace {

using namespace std::chrono_literals;

// The daemon's user and group: who may open the socket may reload the gateway and read its history.
constexpr unsigned socket_mode = 0660;
// For each of the two kinds, so that strangers at the dashboard's port never keep the sallyport command out.
constexpr std::size_t most_connections = 256;
constexpr int behind_workers = 10;
constexpr int most_sent_ahead = 64 * 1024;
constexpr io::Duration rest_when_exhausted = 100ms;
constexpr http::http1::ServerOptions server_options = {
    .limits = {.header_bytes = 16 * 1024}, .header = 10s, .idle = 60s, .body = 30s};

std::string asker_at(const io::FdStream& stream) {
  const std::optional<unsigned> user = stream.peer_user();
  return user ? "user " + std::to_string(*user) : "an unknown user";
}

}  // namespace

class AdminServer::Impl {
 public:
  Impl(std::unique_ptr<io::EventLoop> loop, Observed observed, gateway::ConfigurationPtr configuration,
       crypto::KeyedDigest digest)
      : loop_(std::move(loop)),
        context_{std::move(observed), std::move(configuration), *loop_, ending_},
        dashboard_tls_(context_.observed.leaves) {
    open_control();
    open_dashboard(digest);
  }

  ~Impl() {
    loop_->post([this] { stop(); });
    if (thread_.joinable()) thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start() {
    if (doors_.empty()) return;
    thread_ = std::thread([this] {
      // Whoever looks comes after whoever is served. Where that is not permitted, it goes without.
      static_cast<void>(::setpriority(PRIO_PROCESS, 0, behind_workers));
      run();
    });
    ::pthread_setname_np(thread_.native_handle(), "admin");
  }

  void configure(gateway::ConfigurationPtr configuration) {
    loop_->post([this, configuration = std::move(configuration)] { context_.configuration = configuration; });
  }

 private:
  enum class Kind { control, dashboard };

  // A listener and the coroutine that takes its connections.
  struct Door {
    Door(Kind given_kind, std::unique_ptr<io::Listener> given) : kind(given_kind), listener(std::move(given)) {}
    Kind kind;
    std::unique_ptr<io::Listener> listener;
    std::optional<io::StartedTask<void>> task;
  };

  // A connection and the coroutine that serves it.
  struct Open {
    Open(Impl& given_owner, Kind given_kind, io::Accepted accepted)
        : owner(given_owner),
          kind(given_kind),
          peer(accepted.peer),
          local(accepted.local),
          stream(*owner.loop_, std::move(accepted.socket)) {}
    Impl& owner;
    Kind kind;
    Endpoint peer;
    Endpoint local;
    std::list<Open>::iterator position;
    io::FdStream stream;
    std::unique_ptr<http::ExchangeHandler> handler;
    std::optional<io::StartedTask<void>> task;
  };

  [[nodiscard]] const config::Settings& settings() const { return context_.configuration->settings; }
  void warn(const std::string& what) const { context_.observed.log.warning(what); }

  // Clients are served whether or not somebody can ask how they are: what cannot be opened is said, and left.
  void open_control() {
    const std::string& path = settings().control.socket;
    if (path.empty()) return;
    Result<std::unique_ptr<io::Listener>> listener = io::Listener::open_local(*loop_, path, socket_mode);
    if (listener) {
      doors_.emplace_back(Kind::control, std::move(*listener));
    } else {
      warn("[control] socket: " + listener.error().reason +
           "; the sallyport command cannot ask this daemon until that is mended and it is restarted");
    }
  }

  void open_dashboard(const crypto::KeyedDigest& digest) {
    if (settings().listen.dashboard.empty()) return;
    for (const Endpoint& endpoint : settings().listen.dashboard) {
      Result<std::unique_ptr<io::Listener>> listener = io::Listener::open(*loop_, {.at = endpoint});
      if (listener) {
        doors_.emplace_back(Kind::dashboard, std::move(*listener));
      } else {
        warn("[listen] dashboard: " + listener.error().reason +
             "; it cannot be seen there until that is mended and the daemon restarted");
      }
    }
    const std::string& token_file = settings().control.token_file;
    Result<std::string> token = token_file.empty() ? make_secret() : secret_in_file(token_file);
    if (!token) {
      warn("[control] token_file: " + token.error().reason + "; the dashboard's token is another one after each start");
    }
    context_.token = token ? std::move(*token) : make_secret();
    Result<Assets> assets = Assets::load(settings().control.dashboard_files);
    if (!assets) warn("[control] dashboard_files: " + assets.error().reason + "; the dashboard has no pages");
    dashboard_.emplace(context_, assets ? std::optional(std::move(*assets)) : std::nullopt, digest);
  }

  void run() {
    for (Door& door : doors_) {
      ++accepting_;
      door.task.emplace(accept(door));
    }
    loop_->run();
    for (Door& door : doors_) door.task.reset();
  }

  void stop() {
    stopping_ = true;
    ending_.cancel({ErrorKind::cancelled, "the daemon ends"});
    for (const Door& door : doors_) door.listener->close({ErrorKind::cancelled, "the daemon ends"});
    for (Open& open : open_) open.stream.close({ErrorKind::cancelled, "the daemon ends"});
    stop_if_done();
  }

  void stop_if_done() {
    if (stopping_ && accepting_ == 0 && open_.empty()) loop_->stop();
  }

  // The feed bounds its viewers by itself.
  [[nodiscard]] bool has_room(Kind kind) const {
    const auto open = static_cast<std::size_t>(std::ranges::count(open_, kind, &Open::kind));
    return open < most_connections + (kind == Kind::dashboard ? dashboard_->viewers() : 0);
  }

  io::Task<void> accept(Door& door) {
    while (!stopping_) {
      Result<io::Accepted> accepted = co_await door.listener->accept();
      if (accepted && has_room(door.kind)) {
        const auto open = open_.emplace(open_.end(), *this, door.kind, std::move(*accepted));
        open->position = open;
        open->task.emplace(serve(*open));
      } else if (!accepted && !stopping_) {
        co_await io::sleep_until(*loop_, loop_->now() + rest_when_exhausted);
      }
    }
    --accepting_;
    stop_if_done();
  }

  io::Task<void> serve(Open& open) {
    if (open.kind == Kind::control) {
      open.handler = std::make_unique<Api>(context_, asker_at(open.stream), true);
      co_await converse(open.stream, *open.handler);
    } else {
      co_await serve_browser(open);
    }
    // From the loop: the task itself has to end first.
    loop_->make_ready(&Impl::remove, &open);
  }

  // In the clear to this machine itself; to others by TLS, for the token must not be read on the way.
  io::Task<void> serve_browser(Open& open) {
    const bool in_the_clear = open.local.address.is_loopback();
    const Gate gate{open.local, !in_the_clear, settings().listen.proxy_name};
    open.handler = dashboard_->visit(gate, open.peer);
    // A viewer that reads nothing holds no more of the kernel's memory than this. Where it cannot be set, it holds
    // more.
    static_cast<void>(::setsockopt(open.stream.fd(), SOL_SOCKET, SO_SNDBUF, &most_sent_ahead, sizeof most_sent_ahead));
    if (in_the_clear) {
      co_await converse(open.stream, *open.handler);
      co_return;
    }
    const gateway::ConfigurationPtr configuration = context_.configuration;
    Result<std::unique_ptr<tls::TlsStream>> tls =
        co_await dashboard_tls_.accept(open.stream, open.local.address, configuration);
    if (tls) co_await converse(**tls, *open.handler);
  }

  io::Task<void> converse(io::Stream& client, http::ExchangeHandler& handler) {
    http::http1::Server server(client, buffers_, server_options, handler);
    co_await server.serve();
  }

  static void remove(void* ended) {
    const auto& open = *static_cast<Open*>(ended);
    Impl& impl = open.owner;
    impl.open_.erase(open.position);
    impl.stop_if_done();
  }

  std::unique_ptr<io::EventLoop> loop_;
  io::BufferPool buffers_;
  io::Cancellation ending_;
  Context context_;
  DashboardTls dashboard_tls_;
  std::optional<Dashboard> dashboard_;
  std::list<Door> doors_;
  std::list<Open> open_;
  std::size_t accepting_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

Result<std::unique_ptr<AdminServer>> AdminServer::create(Observed observed, gateway::ConfigurationPtr configuration) {
  Result<std::unique_ptr<io::EventLoop>> loop = io::EventLoop::create();
  if (!loop) return std::unexpected(loop.error());
  const Result<crypto::KeyedDigest> digest = crypto::KeyedDigest::create();
  if (!digest) return std::unexpected(digest.error());
  return std::unique_ptr<AdminServer>(new AdminServer(
      std::make_unique<Impl>(std::move(*loop), std::move(observed), std::move(configuration), *digest)));
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

void AdminServer::start() { impl_->start(); }
void AdminServer::configure(gateway::ConfigurationPtr configuration) { impl_->configure(std::move(configuration)); }

}  // namespace sallyport::admin
