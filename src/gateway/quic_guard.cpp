#include "sallyport/gateway/quic_guard.hpp"

#include <sys/resource.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <time.h>

#include "sallyport/gateway/quic_flows.hpp"
#include "sallyport/netfilter/awake_set.hpp"
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
// Between attempts to get the queue, and to take marks off.
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
       netfilter::PortUnreachable unreachable, netfilter::AwakeSet awake, UniqueFd wake)
      : recorder_(recorder),
        learnt_(std::move(learnt)),
        flows_(std::move(opener), *learnt_, counters_,
               [this](record::ExchangeRecord record) { thread_.record(std::move(record)); }),
        unreachable_(std::move(unreachable)),
        awake_(std::move(awake)),
        thread_(recorder, counters_.unrecorded, std::move(wake)) {}

  ~Impl() { thread_.end(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start() {
    thread_.start("quic", [this] { run(); });
  }
  void configure(ConfigurationPtr configuration) { thread_.configure(std::move(configuration)); }
  void ping(std::function<void()> alive) { thread_.ping(std::move(alive)); }

  [[nodiscard]] const QuicCounters& counters() const { return counters_; }

 private:
  void run();
  void adopt(ConfigurationPtr configuration);
  [[nodiscard]] std::optional<Clock::time_point> next_turn() const;
  void open_queue();
  void clear_marks();
  void beat();
  void lose_queue(const Error& error);
  void serve_queue();
  void carry_out();
  void keep_to_share();

  const record::Recorder& recorder_;
  const std::shared_ptr<Learnt> learnt_;
  QuicCounters counters_;
  QuicFlows flows_;
  netfilter::PortUnreachable unreachable_;
  const netfilter::AwakeSet awake_;
  GuardThread thread_;

  // The thread's own.
  ConfigurationPtr configuration_;
  std::optional<netfilter::PacketQueue> queue_;
  std::optional<Clock::time_point> retry_;
  std::optional<Clock::time_point> clear_again_;
  Clock::time_point next_beat_ = Clock::now();  // while there is a queue
  bool open_ = false;                           // the kernel's rules are those of when_stopped = open
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
    thread_.wait(next_turn(), queue_ ? queue_->fd() : -1);
    thread_.adopt([this](ConfigurationPtr configuration) { adopt(std::move(configuration)); });
    if (retry_ && Clock::now() >= *retry_) open_queue();
    if (clear_again_ && Clock::now() >= *clear_again_) clear_marks();
    if (!queue_) continue;
    serve_queue();
    beat();
    keep_to_share();
  }
}

std::optional<Clock::time_point> QuicGuard::Impl::next_turn() const {
  std::optional<Clock::time_point> earliest = retry_;
  for (const auto& due : {clear_again_, flows_.next_expiry(), queue_ ? std::optional(next_beat_) : std::nullopt}) {
    if (due && (!earliest || *due < *earliest)) earliest = due;
  }
  return earliest;
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
    clear_marks();
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
  thread_.forget_warning();
  retry_.reset();
  overruns_before_ = 0;
  // What a gateway before this one had passed, by a policy that may be another.
  clear_marks();
  next_beat_ = Clock::now();
  recorder_.log().info("QUIC of LAN clients is judged, by NFQUEUE " + std::to_string(settings.queue));
}

// From here on each passed flow is judged anew. Tried until it succeeds: else they go on by rules of the past.
void QuicGuard::Impl::clear_marks() {
  const auto cleared = netfilter::clear_flow_marks(passed_mark);
  if (!cleared)
    thread_.warn_once("flows of QUIC that were passed cannot be judged anew yet: " + cleared.error().reason);
  clear_again_ = cleared ? std::nullopt : std::optional(Clock::now() + retry_interval);
}

// Rules of when_stopped = open ask for as long as this goes on; those of closed have no set, and ask always.
void QuicGuard::Impl::beat() {
  if (!queue_ || Clock::now() < next_beat_) return;
  const auto renewed = awake_.renew(configuration_->settings.gateway.ports);
  if (!renewed) thread_.warn_once(renewed.error().reason);
  if (renewed && *renewed != std::exchange(open_, *renewed) && open_) {
    recorder_.log().info(
        "QUIC of LAN clients passes unseen whenever it is not judged: the kernel's rules are those of open");
  }
  next_beat_ = Clock::now() + (renewed && !*renewed ? GuardThread::look_interval : GuardThread::beat_interval);
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
  auto awake = netfilter::AwakeSet::open(netfilter::AwakeSet::of_quic);
  if (!awake) return std::unexpected(awake.error());
  auto wake = GuardThread::make_wake();
  if (!wake) return std::unexpected(wake.error());
  return std::unique_ptr<QuicGuard>(new QuicGuard(std::make_unique<Impl>(
      recorder, std::move(learnt), std::move(*opener), std::move(*unreachable), std::move(*awake), std::move(*wake))));
}

QuicGuard::QuicGuard(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
QuicGuard::~QuicGuard() = default;
void QuicGuard::start() { impl_->start(); }
void QuicGuard::configure(ConfigurationPtr configuration) { impl_->configure(std::move(configuration)); }
void QuicGuard::ping(std::function<void()> alive) { impl_->ping(std::move(alive)); }
const QuicCounters& QuicGuard::counters() const { return impl_->counters(); }

}  // namespace sallyport::gateway
