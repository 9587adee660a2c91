#include "sallyport/gateway/syn_guard.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/gateway/roll_call.hpp"
#include "sallyport/http/request_id.hpp"
#include "sallyport/netfilter/awake_set.hpp"
#include "sallyport/netfilter/packet_queue.hpp"
#include "sallyport/netfilter/policy_routing.hpp"
#include "sallyport/wire/tcp_packet.hpp"

#include "guard_thread.hpp"

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// How many SYNs are taken before answers go back.
constexpr std::size_t batch = 64;
// How long a worker's loop may be busy before it counts as hung.
constexpr auto worker_patience = 3s;
constexpr std::uint16_t plain_http = 80;

// The answers: bits of the packet's mark (iptables/open.rules).
constexpr std::uint32_t taken_mark = netfilter::PolicyRoutes{}.mark << 3;
constexpr std::uint32_t alone_mark = netfilter::PolicyRoutes{}.mark << 4;

}  // namespace

class SynGuard::Impl {
 public:
  Impl(const record::Recorder& recorder, std::size_t workers, RollCall::Ask ask_workers, netfilter::AwakeSet awake,
       UniqueFd wake)
      : recorder_(recorder),
        awake_(std::move(awake)),
        thread_(recorder, counters_.unrecorded, std::move(wake)),
        roll_call_(workers, std::move(ask_workers)) {}

  ~Impl() { thread_.end(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start() {
    thread_.start("syn-guard", [this] { run(); });
  }
  void stop() { static_cast<void>(thread_.stop()); }
  void configure(ConfigurationPtr configuration) { thread_.configure(std::move(configuration)); }
  void ping(std::function<void()> alive) { thread_.ping(std::move(alive)); }

  [[nodiscard]] const SynCounters& counters() const { return counters_; }

 private:
  void run();
  void adopt(ConfigurationPtr configuration);
  void beat();
  void open_queue();
  void announce();
  void tell_kernel();
  void lose_queue(const Error& error);
  void serve_queue();
  void answer(const netfilter::PacketQueue::Packet& packet);
  void leave_alone(const wire::TcpPacket& packet, const policy::Verdict& verdict);
  void let_go();

  const record::Recorder& recorder_;
  SynCounters counters_;
  const netfilter::AwakeSet awake_;
  GuardThread thread_;

  // The thread's own.
  RollCall roll_call_;
  ConfigurationPtr configuration_;
  std::vector<std::uint16_t> ports_;
  bool wanted_ = false;  // there are clients that the rules may ask for
  std::optional<netfilter::PacketQueue> queue_;
  Clock::time_point next_beat_ = Clock::now();
  bool worker_silent_ = false;
  std::uint64_t overruns_before_ = 0;
};

void SynGuard::Impl::run() {
  while (!thread_.stopping()) {
    thread_.wait(wanted_ ? std::optional(next_beat_) : std::nullopt, queue_ ? queue_->fd() : -1);
    thread_.adopt([this](ConfigurationPtr configuration) { adopt(std::move(configuration)); });
    if (queue_) serve_queue();
    if (wanted_ && Clock::now() >= next_beat_) beat();
  }
  let_go();
}

void SynGuard::Impl::adopt(ConfigurationPtr configuration) {
  const ConfigurationPtr old = std::exchange(configuration_, std::move(configuration));
  const config::Settings& settings = configuration_->settings;
  wanted_ = !settings.gateway.lan_interfaces.empty();
  ports_ = settings.gateway.ports;
  if (!settings.listen.transparent_http.empty()) ports_.push_back(plain_http);
  const bool other_queue = old != nullptr && old->settings.gateway.steering_queue != settings.gateway.steering_queue;
  if (!wanted_ || other_queue) let_go();
  next_beat_ = Clock::now();
  if (wanted_) beat();
}

// Rules that ask are served whatever when_stopped says by now: they follow it a moment later, and until then nothing is
// to pass that need not.
void SynGuard::Impl::beat() {
  const bool had_queue = queue_.has_value();
  if (!had_queue) open_queue();
  next_beat_ = Clock::now() + (queue_ ? GuardThread::beat_interval : GuardThread::look_interval);
  if (!queue_) return;
  tell_kernel();
  if (!had_queue) announce();
}

void SynGuard::Impl::open_queue() {
  const auto asked = awake_.exists();
  if (!asked)
    thread_.warn_once("whether the kernel's rules ask for new connections cannot be seen: " + asked.error().reason);
  if (!asked || !*asked) return;
  auto opened = netfilter::PacketQueue::open(configuration_->settings.gateway.steering_queue, true);
  if (!opened) {
    lose_queue(opened.error());
    return;
  }
  queue_ = std::move(*opened);
  thread_.forget_warning();
  overruns_before_ = 0;
}

void SynGuard::Impl::announce() {
  const config::Settings::Gateway& settings = configuration_->settings.gateway;
  recorder_.log().info("new connections of LAN clients are asked for, by NFQUEUE " +
                       std::to_string(settings.steering_queue));
  if (settings.when_stopped == config::WhenStopped::open) return;
  recorder_.log().warning(
      "[gateway] when_stopped is closed, but the kernel's rules are those of open: systemctl reload "
      "sallyport-steering");
}

void SynGuard::Impl::tell_kernel() {
  const bool silent = !roll_call_.held(Clock::now(), worker_patience);
  if (silent != std::exchange(worker_silent_, silent)) {
    if (silent) counters_.absences.add();
    recorder_.log().warning(silent ? "a worker does not answer: new connections pass unseen until it does"
                                   : "all workers answer again: new connections are taken");
  }
  if (silent) return;
  if (const auto renewed = awake_.renew(ports_); !renewed) thread_.warn_once(renewed.error().reason);
}

void SynGuard::Impl::lose_queue(const Error& error) {
  queue_.reset();
  thread_.warn_once("nobody can be asked for new connections of LAN clients, and they pass unseen: " + error.reason);
}

void SynGuard::Impl::serve_queue() {
  const auto taken = queue_->receive(batch, [this](const netfilter::PacketQueue::Packet& packet) { answer(packet); });
  const std::uint64_t overruns = queue_->overruns();
  counters_.overruns.add(overruns - std::exchange(overruns_before_, overruns));
  const Result<void> flushed = queue_->flush();
  if (!taken) {
    lose_queue(taken.error());
  } else if (!flushed) {
    lose_queue(flushed.error());
  }
}

// What nobody understands is taken: whatever it is, it is not one that is known to be left alone.
void SynGuard::Impl::answer(const netfilter::PacketQueue::Packet& packet) {
  const Result<wire::TcpPacket> tcp = wire::parse_tcp_packet(packet.bytes);
  if (tcp) {
    const auto verdict = configuration_->policy->ask(policy::Stage::passthrough_client, {}, &tcp->source.address);
    if (verdict) {
      queue_->repeat(packet.id, packet.mark | alone_mark);
      leave_alone(*tcp, *verdict);
      return;
    }
  }
  counters_.taken.add();
  queue_->repeat(packet.id, packet.mark | taken_mark);
}

void SynGuard::Impl::leave_alone(const wire::TcpPacket& packet, const policy::Verdict& verdict) {
  counters_.left_alone.add();
  record::ExchangeRecord record;
  record.time = std::chrono::system_clock::now();
  record.request_id = http::make_request_id();
  record.client = packet.source.to_string();
  record.host = packet.destination.address.to_string();
  record.upstream = packet.destination.to_string();
  record.verdict = policy::text_of(verdict.name);
  record.rule = verdict.rule.name();
  record.extra.emplace_back("steering", "left alone");
  thread_.record(std::move(record));
}

// Nobody is asked any more, and those who wait go their way: they would otherwise wait for a second SYN.
void SynGuard::Impl::let_go() {
  if (!queue_) return;
  if (const auto cleared = awake_.clear(); !cleared) thread_.warn_once(cleared.error().reason);
  // Where the set could not be cleared there may be no end to them.
  for (std::size_t rounds = netfilter::PacketQueue::most_waiting / batch + 1; rounds > 0; --rounds) {
    const auto taken = queue_->receive(batch, [this](const netfilter::PacketQueue::Packet& packet) {
      queue_->repeat(packet.id, packet.mark | alone_mark);
    });
    if (!queue_->flush() || !taken || *taken == 0) break;
  }
  queue_.reset();
}

Result<std::unique_ptr<SynGuard>> SynGuard::create(const record::Recorder& recorder, std::size_t workers,
                                                   RollCall::Ask ask_workers) {
  auto awake = netfilter::AwakeSet::open(netfilter::AwakeSet::of_connections);
  if (!awake) return std::unexpected(awake.error());
  auto wake = GuardThread::make_wake();
  if (!wake) return std::unexpected(wake.error());
  return std::unique_ptr<SynGuard>(new SynGuard(
      std::make_unique<Impl>(recorder, workers, std::move(ask_workers), std::move(*awake), std::move(*wake))));
}

SynGuard::SynGuard(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SynGuard::~SynGuard() = default;
void SynGuard::start() { impl_->start(); }
void SynGuard::configure(ConfigurationPtr configuration) { impl_->configure(std::move(configuration)); }
void SynGuard::ping(std::function<void()> alive) { impl_->ping(std::move(alive)); }
void SynGuard::stop() { impl_->stop(); }
const SynCounters& SynGuard::counters() const { return impl_->counters(); }

}  // namespace sallyport::gateway
