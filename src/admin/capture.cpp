// Streams what clients and origins say to each other, as packets for Wireshark.
#include <atomic>
#include <mutex>

#include "sallyport/base/text.hpp"
#include "sallyport/policy/name.hpp"
#include "sallyport/wire/pcapng.hpp"

#include "asked.hpp"
#include "resources.hpp"

namespace sallyport::admin {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr int most_at_once = 4;
constexpr std::chrono::seconds longest = 1h;
constexpr std::uint64_t most_bytes = std::uint64_t{256} << 20;
// What may wait for a slow reader; the rest is dropped and counted.
constexpr std::size_t most_waiting = std::size_t{16} << 20;
// So often something is sent, be it but a mark: whoever has gone is noticed by it.
constexpr io::Duration between_marks = 1s;
constexpr io::Duration patience_with_workers = 5s;

constexpr std::string_view comment =
    "Recorded at the sockets of a TLS interception gateway. The bytes are those that passed; IP and TCP headers are "
    "reconstructed, so that sizes, losses and timing of the real packets are not in this file. It holds the secrets "
    "that open it.";

// Filled by the workers, emptied by the download.
class Inbox {
 public:
  explicit Inbox(io::EventLoop& loop) : loop_(loop), told_(loop), desk_(std::make_shared<Desk>()) {
    desk_->loop = &loop_;
    desk_->told = &told_;
  }
  ~Inbox() {
    const std::lock_guard lock(desk_->mutex);
    desk_->told = nullptr;
  }
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // Both from any thread, before or after this is gone.
  [[nodiscard]] std::function<void()> begun() const {
    return [desk = desk_] {
      const std::lock_guard lock(desk->mutex);
      ++desk->begun;
      Desk::ring(desk);
    };
  }
  [[nodiscard]] std::function<void(std::string)> take() const {
    return [desk = desk_](const std::string& blocks) {
      const std::lock_guard lock(desk->mutex);
      if (desk->told == nullptr) return;
      if (desk->blocks.size() + blocks.size() > most_waiting) {
        ++desk->dropped;
        return;
      }
      if (desk->blocks.empty()) Desk::ring(desk);
      desk->blocks += blocks;
    };
  }

  // The loop's thread: until something has come, `cancellation` fires, or `deadline` passes.
  io::Task<void> wait(io::Cancellation& cancellation, io::TimePoint deadline) {
    const io::Cancellation::Watch watch(
        cancellation, [](void* told, const Error&) { static_cast<io::Notification*>(told)->notify(); }, &told_);
    [[maybe_unused]] const bool notified = co_await told_.wait_until(deadline);
  }
  [[nodiscard]] std::string empty() {
    const std::lock_guard lock(desk_->mutex);
    return std::exchange(desk_->blocks, {});
  }
  [[nodiscard]] std::size_t workers_begun() const {
    const std::lock_guard lock(desk_->mutex);
    return desk_->begun;
  }
  [[nodiscard]] std::uint64_t dropped() const {
    const std::lock_guard lock(desk_->mutex);
    return desk_->dropped;
  }

 private:
  struct Desk {
    // With the mutex held. The loop lives as long as the inbox.
    static void ring(const std::shared_ptr<Desk>& desk) {
      if (desk->told == nullptr) return;
      desk->loop->post([desk] {
        const std::lock_guard lock(desk->mutex);
        if (desk->told != nullptr) desk->told->notify();
      });
    }
    std::mutex mutex;
    // Below: protected by mutex.
    io::EventLoop* loop = nullptr;
    io::Notification* told = nullptr;  // null once the inbox is gone
    std::string blocks;
    std::size_t begun = 0;
    std::uint64_t dropped = 0;
  };

  io::EventLoop& loop_;
  io::Notification told_;
  std::shared_ptr<Desk> desk_;
};

// One that runs: the workers listen as long as it lives.
class Running {
 public:
  Running(const Context& context, gateway::CaptureOrder order, std::chrono::seconds seconds, std::string words)
      : inbox(context.loop), until(context.loop.now() + seconds), context_(context), words_(std::move(words)) {
    static std::atomic<std::uint64_t> numbers = 0;
    id_ = ++numbers;
    order.id = id_;
    order.begun = inbox.begun();
    order.take = inbox.take();
    ++at_once;
    context_.observed.log.warning("capture " + std::to_string(id_) + " begins: " + words_);
    context_.observed.begin_capture(order);
  }
  ~Running() {
    context_.observed.end_capture(id_);
    --at_once;
    context_.observed.log.warning("capture " + std::to_string(id_) + " has ended: " + std::to_string(bytes) +
                                  " bytes were given out, " + std::to_string(inbox.dropped()) +
                                  " pieces dropped for a slow reader");
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  static inline int at_once = 0;  // of the admin thread

  Inbox inbox;
  io::TimePoint until;
  std::uint64_t bytes = 0;

 private:
  const Context& context_;
  const std::string words_;
  std::uint64_t id_ = 0;
};

std::string beginning() {
  std::string blocks;
  wire::pcapng::append_section(blocks, "sallyport " SALLYPORT_VERSION, comment);
  wire::pcapng::append_interface(blocks, "client side");
  wire::pcapng::append_interface(blocks, "origin side");
  return blocks;
}

io::Task<void> stream(const Context& context, std::shared_ptr<Running> running, http::ResponseSink& response) {
  std::string blocks = beginning();
  Result<void> sent;
  while (sent && !context.ending.cancelled()) {
    running->bytes += blocks.size();
    sent = co_await response.send_body(bytes_of(blocks));
    if (sent) sent = co_await response.flush();
    const io::TimePoint now = context.loop.now();
    if (!sent || now >= running->until || running->bytes > most_bytes) break;
    const io::TimePoint next = std::min(running->until, now + between_marks);
    co_await running->inbox.wait(context.ending, next);
    blocks = running->inbox.empty();
    if (blocks.empty()) {
      wire::pcapng::append_mark(blocks, gateway::client_side, std::chrono::system_clock::now());
    }
  }
  const http::Fields no_trailers;
  if (sent) sent = co_await response.finish(no_trailers);
}

// What is asked for, checked.
struct Wish {
  gateway::CaptureOrder order;
  std::chrono::seconds seconds{10};
  std::string error;  // why it cannot be had
};

Wish wish_of(const std::string& body) {
  Wish wish;
  const json told = json::parse(body, nullptr, false);
  const auto text = [&](const char* key) {
    const auto found = told.is_object() ? told.find(key) : told.end();
    return told.is_object() && found != told.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string name = text("name");
  const std::string client = text("client");
  const bool below = name.starts_with("*.");
  const Result<std::string> canonical = policy::canonical_name(below ? std::string_view(name).substr(2) : name);
  wish.order.client = IpAddress::parse(client);
  if (!canonical) {
    wish.error = "name: " + canonical.error().reason;
    return wish;
  }
  wish.order.name = (below ? "*." : "") + *canonical;
  if (!client.empty() && !wish.order.client) wish.error = "client: '" + client + "' is not an address";
  const auto seconds = told.find("seconds");
  if (seconds == told.end()) return wish;
  if (!seconds->is_number_integer() || *seconds < 1 || *seconds > longest.count()) {
    wish.error = "seconds: a number from 1 to " + std::to_string(longest.count()) + " is expected";
    return wish;
  }
  wish.seconds = std::chrono::seconds(seconds->get<int>());
  return wish;
}

}  // namespace

io::Task<Reply> capture(const Context& context, Request request) {
  if (!context.observed.begin_capture) co_return error_reply(501, "this daemon captures nothing");
  Wish wish = wish_of(request.body);
  if (!wish.error.empty()) co_return error_reply(400, wish.error);
  if (Running::at_once >= most_at_once) {
    co_return error_reply(429, std::to_string(most_at_once) + " captures are running: wait for one to end");
  }
  const std::string words = wish.order.name + " of " +
                            (wish.order.client ? wish.order.client->to_string() : std::string("any client")) + " for " +
                            std::to_string(wish.seconds.count()) + " s, asked for by " + request.asker;
  const auto running = std::make_shared<Running>(context, std::move(wish.order), wish.seconds, words);
  const io::TimePoint deadline = context.loop.now() + patience_with_workers;
  while (running->inbox.workers_begun() < context.observed.workers.size() && context.loop.now() < deadline &&
         !context.ending.cancelled()) {
    co_await running->inbox.wait(context.ending, deadline);
  }
  Reply reply;
  reply.type = "application/x-pcapng";
  reply.fields.add("Content-Disposition", "attachment; filename=\"sallyport.pcapng\"");
  reply.stream = [&context, running](http::ResponseSink& response) { return stream(context, running, response); };
  co_return reply;
}

}  // namespace sallyport::admin
