#include "sallyport/gateway/quic_guard.hpp"

#include <sys/resource.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <time.h>

#include "sallyport/gateway/quic_flows.hpp"
#include "sallyport/netfilter/flow_marks.hpp"
#include "sallyport/netfilter/packet_queue.hpp"
#include "sallyport/netfilter/policy_routing.hpp"
#include "sallyport/netfilter/port_unreachable.hpp"

#include "guard_thread.hpp"

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;
using Clock = QuicFlows::Clock;

// How many packets are taken before rulings go back.
constexpr std::size_t batch = 64;
// Half a core: of each window the thread may use this much. Meanwhile packets wait in the kernel, which drops or
// accepts those for which it has no room, as [quic] undetermined says.
constexpr auto window = 100ms;
constexpr auto share = 50ms;
// Its flows can come by TCP as well: those that are there already go first.
constexpr int behind_workers = 10;
// Between attempts to get the queue.
constexpr auto retry_interval = 1s;

std::chrono::nanoseconds thread_time() {
  timespec used{};
  static_cast<void>(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used));
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// By this bit in its packet's mark, and then in connection tracking, the kernel's rules know a flow that was passed.
constexpr std::uint32_t passed_mark = netfilter::PolicyRoutes{}.mark << 2;

}  // namespace

class QuicGuard::Impl {
 public:
  Impl(const record::Recorder& recorder, std::shared_ptr<Learnt> learnt, quic::InitialOpener opener,
       netfilter::PortUnreachable unreachable, UniqueFd wake)
      : recorder_(recorder),
        learnt_(std::move(learnt)),
        flows_(std::move(opener), *learnt_, counters_,
               [this](record::ExchangeRecord record) { thread_.record(std::move(record)); }),
        unreachable_(std::move(unreachable)),
        thread_(recorder, counters_.unrecorded, std::move(wake)) {}

  ~Impl() { thread_.stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start() {
    thread_.start("quic", [this] { run(); });
  }
  void configure(ConfigurationPtr configuration) { thread_.configure(std::move(configuration)); }

  [[nodiscard]] const QuicCounters& counters() const { return counters_; }

 private:
  void run();
  void adopt(ConfigurationPtr configuration);
  void open_queue();
  void lose_queue(const Error& error);
  void serve_queue();
  void carry_out();
  void keep_to_share();

  const record::Recorder& recorder_;
  const std::shared_ptr<Learnt> learnt_;
  QuicCounters counters_;
  QuicFlows flows_;
  netfilter::PortUnreachable unreachable_;
  GuardThread thread_;

  // The thread's own.
  ConfigurationPtr configuration_;
  std::optional<netfilter::PacketQueue> queue_;
  std::optional<Clock::time_point> retry_;
  std::vector<QuicFlows::Ruling> rulings_;
  Clock::time_point window_began_ = Clock::now();
  std::chrono::nanoseconds used_before_{0};
  std::uint64_t overruns_before_ = 0;
};

void QuicGuard::Impl::run() {
  // Of this thread alone (sched(7)). Where that is not permitted, it goes without.
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, behind_workers));
  used_before_ = thread_time();
  while (!thread_.stopping()) {
    std::optional<Clock::time_point> until = flows_.next_expiry();
    if (retry_ && (!until || *retry_ < *until)) until = retry_;
    thread_.wait(until, queue_ ? queue_->fd() : -1);
    thread_.adopt([this](ConfigurationPtr configuration) { adopt(std::move(configuration)); });
    if (retry_ && Clock::now() >= *retry_) open_queue();
    if (!queue_) continue;
    serve_queue();
    keep_to_share();
  }
}

void QuicGuard::Impl::adopt(ConfigurationPtr configuration) {
  const ConfigurationPtr old = std::exchange(configuration_, std::move(configuration));
  flows_.configure(configuration_);
  const config::Settings& settings = configuration_->settings;
  const bool wanted = !settings.gateway.lan_interfaces.empty() && settings.quic.action != config::QuicAction::allow;
  const bool other_queue = old != nullptr && (old->settings.quic.queue != settings.quic.queue ||
                                              old->settings.quic.undetermined != settings.quic.undetermined);
  // A queue that is not wanted any more is served until the kernel's rules have been taken down, which is root's to do.
  if (other_queue || settings.gateway.lan_interfaces.empty()) queue_.reset();
  if (!wanted) retry_.reset();
  if (queue_) {
    if (const auto cleared = netfilter::clear_flow_marks(passed_mark); !cleared)
      thread_.warn_once(cleared.error().reason);
  } else if (wanted) {
    open_queue();
  }
}

void QuicGuard::Impl::open_queue() {
  const config::Settings::Quic& settings = configuration_->settings.quic;
  auto opened = netfilter::PacketQueue::open(settings.queue, settings.undetermined == config::Undetermined::allow);
  if (!opened) {
    lose_queue(opened.error());
    return;
  }
  queue_ = std::move(*opened);
  retry_.reset();
  overruns_before_ = 0;
  // What a gateway before this one had passed, by a policy that may be another.
  if (const auto cleared = netfilter::clear_flow_marks(passed_mark); !cleared)
    thread_.warn_once(cleared.error().reason);
  recorder_.log().info("QUIC of LAN clients is judged, by NFQUEUE " + std::to_string(settings.queue));
}

void QuicGuard::Impl::lose_queue(const Error& error) {
  queue_.reset();
  retry_ = Clock::now() + retry_interval;
  thread_.warn_once("QUIC of LAN clients cannot be judged and is dropped: " + error.reason);
}

void QuicGuard::Impl::serve_queue() {
  const auto taken = queue_->receive(batch, [this](const netfilter::PacketQueue::Packet& packet) {
    flows_.take({packet.id, packet.mark, packet.bytes}, Clock::now(), rulings_);
  });
  flows_.expire(Clock::now(), rulings_);
  carry_out();
  const std::uint64_t overruns = queue_->overruns();
  counters_.overruns.add(overruns - std::exchange(overruns_before_, overruns));
  const Result<void> flushed = queue_->flush();
  if (!taken) {
    lose_queue(taken.error());
  } else if (!flushed) {
    lose_queue(flushed.error());
  }
}

void QuicGuard::Impl::carry_out() {
  for (const QuicFlows::Ruling& ruling : rulings_) {
    if (ruling.pass) {
      queue_->accept(ruling.id, ruling.mark | passed_mark);
      continue;
    }
    queue_->drop(ruling.id);
    if (ruling.told) unreachable_.tell(*ruling.told, ruling.quoted);
  }
  rulings_.clear();
}

// Sleeps through the rest of a window whose share is used up.
void QuicGuard::Impl::keep_to_share() {
  const auto now = Clock::now();
  const auto used = thread_time();
  if (now - window_began_ < window && used - used_before_ < share) return;
  while (!thread_.stopping() && Clock::now() - window_began_ < window) thread_.wait(window_began_ + window, -1);
  window_began_ = Clock::now();
  used_before_ = used;
}

Result<std::unique_ptr<QuicGuard>> QuicGuard::create(const record::Recorder& recorder, std::shared_ptr<Learnt> learnt) {
  auto opener = quic::InitialOpener::create();
  if (!opener) return std::unexpected(opener.error());
  auto unreachable = netfilter::PortUnreachable::open();
  if (!unreachable) return std::unexpected(unreachable.error());
  auto wake = GuardThread::make_wake();
  if (!wake) return std::unexpected(wake.error());
  return std::unique_ptr<QuicGuard>(new QuicGuard(std::make_unique<Impl>(
      recorder, std::move(learnt), std::move(*opener), std::move(*unreachable), std::move(*wake))));
}

QuicGuard::QuicGuard(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
QuicGuard::~QuicGuard() = default;
void QuicGuard::start() { impl_->start(); }
void QuicGuard::configure(ConfigurationPtr configuration) { impl_->configure(std::move(configuration)); }
const QuicCounters& QuicGuard::counters() const { return impl_->counters(); }

}  // namespace sallyport::gateway
