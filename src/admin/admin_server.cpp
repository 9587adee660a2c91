#include "sallyport/admin/admin_server.hpp"

#include <list>
#include <optional>
#include <thread>

#include <pthread.h>

#include "sallyport/http/http1_server.hpp"
#include "sallyport/io/listener.hpp"
#include "sallyport/io/notification.hpp"

#include "api.hpp"

namespace sallyport::admin {
namespace {

using namespace std::chrono_literals;

// The daemon's user and group: who may open the socket may reload the gateway and read its history.
constexpr unsigned socket_mode = 0660;
constexpr std::size_t most_connections = 256;
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
  Impl(std::unique_ptr<io::EventLoop> loop, Observed observed, gateway::ConfigurationPtr configuration)
      : loop_(std::move(loop)), context_{std::move(observed), std::move(configuration), *loop_, ending_} {}

  ~Impl() {
    loop_->post([this] { stop(); });
    if (thread_.joinable()) thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> open() {
    const std::string& path = context_.configuration->settings.control.socket;
    if (path.empty()) return {};
    Result<std::unique_ptr<io::Listener>> listener = io::Listener::open_local(*loop_, path, socket_mode);
    if (!listener) return std::unexpected(listener.error());
    control_ = std::move(*listener);
    return {};
  }

  void start() {
    if (!control_) return;
    thread_ = std::thread([this] { run(); });
    ::pthread_setname_np(thread_.native_handle(), "admin");
  }

  void configure(gateway::ConfigurationPtr configuration) {
    loop_->post([this, configuration = std::move(configuration)] { context_.configuration = configuration; });
  }

 private:
  // A connection and the coroutine that serves it.
  struct Open {
    Open(Impl& given_owner, UniqueFd socket)
        : owner(given_owner),
          stream(*owner.loop_, std::move(socket)),
          api(owner.context_, asker_at(stream)),
          server(stream, owner.buffers_, server_options, api) {}
    Impl& owner;
    std::list<Open>::iterator position;
    io::FdStream stream;
    Api api;
    http::http1::Server server;
    std::optional<io::StartedTask<void>> task;
  };

  void run() {
    std::optional<io::StartedTask<void>> accepting(accept());
    loop_->run();
    accepting.reset();
  }

  void stop() {
    stopping_ = true;
    ending_.cancel({ErrorKind::cancelled, "the daemon ends"});
    if (control_) control_->close({ErrorKind::cancelled, "the daemon ends"});
    for (Open& open : open_) open.stream.close({ErrorKind::cancelled, "the daemon ends"});
    stop_if_done();
  }

  void stop_if_done() {
    if (stopping_ && !accepting_ && open_.empty()) loop_->stop();
  }

  io::Task<void> accept() {
    accepting_ = true;
    while (!stopping_) {
      Result<io::Accepted> accepted = co_await control_->accept();
      if (accepted && open_.size() < most_connections) {
        const auto open = open_.emplace(open_.end(), *this, std::move(accepted->socket));
        open->position = open;
        open->task.emplace(serve(*open));
      } else if (!accepted && !stopping_) {
        co_await io::sleep_until(*loop_, loop_->now() + rest_when_exhausted);
      }
    }
    accepting_ = false;
    stop_if_done();
  }

  io::Task<void> serve(Open& open) {
    co_await open.server.serve();
    // From the loop: the task itself has to end first.
    loop_->make_ready(&Impl::remove, &open);
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
  std::unique_ptr<io::Listener> control_;
  std::list<Open> open_;
  bool accepting_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

Result<std::unique_ptr<AdminServer>> AdminServer::create(Observed observed, gateway::ConfigurationPtr configuration) {
  Result<std::unique_ptr<io::EventLoop>> loop = io::EventLoop::create();
  if (!loop) return std::unexpected(loop.error());
  auto impl = std::make_unique<Impl>(std::move(*loop), std::move(observed), std::move(configuration));
  const Result<void> opened = impl->open();
  if (!opened) return std::unexpected(opened.error());
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

void AdminServer::start() { impl_->start(); }
void AdminServer::configure(gateway::ConfigurationPtr configuration) { impl_->configure(std::move(configuration)); }

}  // namespace sallyport::admin
