#include <algorithm>
#include <iostream>
#include <thread>

#include "sallyport/base/text.hpp"
#include "sallyport/crypto/certificate.hpp"
#include "sallyport/crypto/openssl.hpp"
#include "sallyport/gateway/check_configuration.hpp"

#include "life.hpp"
#include "process.hpp"

namespace sallyport::daemon {
namespace {

using namespace std::chrono_literals;

constexpr auto trust_check_interval = 30s;
constexpr auto issuer_check_interval = 1h;
constexpr auto ticket_key_life = 4h;

// A client's socket and the one to its origin; what is passed through takes two pipes besides.
constexpr std::size_t descriptors_per_connection = 2;
// With a thousand who watch the dashboard.
constexpr std::size_t descriptors_besides = 1536;

record::Level level_of(config::LogLevel level) {
  return record::level_named(config::name_of(level)).value_or(record::Level::info);
}

std::string list_of(const std::vector<Endpoint>& endpoints) {
  std::string text;
  for (const Endpoint& endpoint : endpoints) text += (text.empty() ? "" : ", ") + endpoint.to_string();
  return text.empty() ? "off" : text;
}

}  // namespace

Result<void> Daemon::Life::boot() {
  auto signals = SignalQueue::open();
  if (!signals) return std::unexpected(signals.error());
  signals_ = std::move(*signals);
  auto mailbox = Mailbox::open();
  if (!mailbox) return std::unexpected(mailbox.error());
  mailbox_ = std::move(*mailbox);
  if (auto done = load(); !done) return done;
  if (auto done = open_log(); !done) return done;
  open_history();
  if (auto done = read_addresses(); !done) return done;
  check_descriptors();
  if (auto done = open_workers(); !done) return done;
  if (auto done = open_quic_guard(); !done) return done;
  if (auto done = open_syn_guard(); !done) return done;
  open_control_socket();
  make_timetable();
  workers_->start();
  if (quic_guard_) {
    quic_guard_->start();
    quic_guard_->configure(current_);
  }
  if (syn_guard_) {
    syn_guard_->start();
    syn_guard_->configure(current_);
  }
  if (admin_) admin_->start();
  announce_ready();
  return {};
}

Result<void> Daemon::Life::load() {
  config::Problems problems;
  current_ = gateway::load_configuration(config_path_, credentials_folder_, problems);
  if (current_ != nullptr) {
    at_start_ = current_->settings;
    return {};
  }
  gateway::print_problems(problems, std::cerr);
  return fail(ErrorKind::config,
              "the configuration cannot be used, nothing was started; correct it, then: sallyport check");
}

Result<void> Daemon::Life::open_log() {
  record::LogSettings settings;
  settings.destination = current_->settings.log.destination;
  settings.level = level_of(current_->settings.log.level);
  auto log = record::Log::open(settings);
  if (!log) return std::unexpected(log.error());
  log_ = std::move(*log);
  for (const std::string& warning : current_->warnings) log_->warning(warning);
  return {};
}

// Clients are served whether or not what they do is kept.
void Daemon::Life::open_history() {
  const config::Settings::History& settings = current_->settings.history;
  if (!settings.database.empty()) {
    auto history = record::History::open(
        {.database = settings.database, .max_rows = settings.max_rows, .max_bytes = settings.max_bytes},
        [log = log_.get()](const std::string& what) { log->warning(what); });
    if (history) {
      history_ = std::move(*history);
    } else {
      log_->warning("[history] database: " + history.error().reason +
                    "; no history is kept until that is mended and the daemon restarted");
    }
  }
  recorder_.emplace(*log_, history_.get(), &live_);
}

// Whoever steers clients here must know which addresses are its own; a proxy alone can do with the loopback ones.
Result<void> Daemon::Life::read_addresses() {
  auto opened = netfilter::LocalAddresses::open(current_->settings.gateway.lan_interfaces);
  if (opened) {
    addresses_ = std::move(*opened);
    return {};
  }
  if (!current_->settings.gateway.lan_interfaces.empty()) return fail_while("reading own addresses", opened.error());
  log_->warning("this machine's addresses cannot be read (" + opened.error().reason +
                "): requests to them are refused on the loopback addresses alone");
  return {};
}

void Daemon::Life::check_descriptors() {
  const std::size_t limit = descriptor_limit();
  const std::size_t wanted =
      current_->settings.gateway.max_connections * descriptors_per_connection + descriptors_besides;
  if (limit >= wanted) return;
  log_->warning("[gateway] max_connections may take " + std::to_string(wanted) + " descriptors, and the limit is " +
                std::to_string(limit) + ": lower the key, or raise LimitNOFILE= with systemctl edit sallyportd");
}

Result<void> Daemon::Life::open_workers() {
  rsa_keys_.prepare();
  leaves_.emplace(current_->settings.ca.leaf_cache, rsa_keys_);
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  const std::size_t given = current_->settings.gateway.workers;
  const auto addresses = addresses_ ? addresses_->snapshot() : std::make_shared<const netfilter::AddressSnapshot>();
  auto passwords = access::PasswordChecker::create();
  if (!passwords) return std::unexpected(passwords.error());
  gateway::Shared shared{*recorder_, *leaves_};
  shared.passwords = std::move(*passwords);
  shared.learnt = learnt_;
  auto workers = WorkerThreads::create(given == 0 ? cores : given, shared, current_, addresses);
  if (!workers) return std::unexpected(workers.error());
  workers_ = std::move(*workers);
  return {};
}

// A gateway in nobody's path has none to judge. One that has cannot do without: what is not judged is dropped.
Result<void> Daemon::Life::open_quic_guard() {
  auto guard = gateway::QuicGuard::create(*recorder_, learnt_);
  if (guard) {
    quic_guard_ = std::move(*guard);
    guard_watches_.emplace_back("the thread that judges QUIC",
                                "nobody judges it, and what needs a verdict is dropped, or passes unseen where "
                                "when_stopped is open",
                                [this](const std::function<void()>& answered) { quic_guard_->ping(answered); });
    return {};
  }
  if (!current_->settings.gateway.lan_interfaces.empty()) return fail_while("judging QUIC", guard.error());
  log_->info("QUIC will not be judged, should lan_interfaces ever be set: " + guard.error().reason);
  return {};
}

Result<void> Daemon::Life::open_syn_guard() {
  auto guard = gateway::SynGuard::create(*recorder_, workers_->size(),
                                         [this](const std::function<void()>& answered) { workers_->ping(answered); });
  if (guard) {
    syn_guard_ = std::move(*guard);
    guard_watches_.emplace_back("the thread that steers", "where when_stopped is open, new connections pass unseen",
                                [this](const std::function<void()>& answered) { syn_guard_->ping(answered); });
    return {};
  }
  if (!current_->settings.gateway.lan_interfaces.empty()) return fail_while("steering", guard.error());
  return {};
}

// Clients are served whether or not somebody can ask how they are.
void Daemon::Life::open_control_socket() {
  admin::Observed observed{*log_, *leaves_, history_.get(), live_, *learnt_, workers_->all(), config_path_, reloads_};
  if (quic_guard_) observed.quic = &quic_guard_->counters();
  if (syn_guard_) observed.syn = &syn_guard_->counters();
  observed.reload = [this](const std::string& asker, const TellOfReload& tell) {
    mailbox_->post([this, asker, tell] {
      log_->info("a reload is asked for on the control socket by " + asker);
      reload(tell);
    });
  };
  observed.begin_capture = [this](const gateway::CaptureOrder& order) { workers_->begin_capture(order); };
  observed.end_capture = [this](std::uint64_t id) { workers_->end_capture(id); };
  observed.replay = [this](gateway::ReplayOrder order, std::function<void(gateway::ReplayResult)> tell) {
    workers_->replay(std::move(order), std::move(tell));
  };
  auto admin = admin::AdminServer::create(std::move(observed), current_);
  if (admin) {
    admin_ = std::move(*admin);
  } else {
    log_->warning("the control socket and the dashboard: " + admin.error().reason +
                  "; nobody can ask this daemon until that is mended and it is restarted");
  }
}

void Daemon::Life::make_timetable() {
  const auto now = Clock::now();
  if (const auto limit = service_manager_.watchdog()) {
    timetable_.add(*limit / 2, [this] { call_roll(); }, now);
  }
  timetable_.add(GuardWatch::interval, [this] { look_after_guards(); }, now);
  timetable_.add(
      trust_check_interval,
      [this] {
        refresh_trust();
        reopen_addresses();
      },
      now);
  timetable_.add(issuer_check_interval, [this] { renew_issuer(); }, now);
  timetable_.add(ticket_key_life, [this] { renew_ticket_keys(); }, now);
}

void Daemon::Life::announce_ready() {
  const config::Settings& settings = current_->settings;
  const pki::CaPtr ca = current_->issuers->current()->ca();
  log_->info("the CA's SHA-256 fingerprint is " + crypto::colon_hex(crypto::fingerprint(ca->certificate())));
  if (!settings.listen.transparent.empty() && settings.gateway.lan_interfaces.empty()) {
    log_->info("[gateway] lan_interfaces is empty: no client is steered here; name the clients' interface there");
  }
  log_->info("sallyportd " SALLYPORT_VERSION " ready; transparent " + list_of(settings.listen.transparent) +
             "; proxy " + list_of(settings.listen.proxy) + "; proxy_tls " + list_of(settings.listen.proxy_tls) +
             "; dashboard " + list_of(settings.listen.dashboard) + "; " + std::to_string(workers_->size()) +
             " workers; " + std::string(crypto::library_version()));
  service_manager_.ready(status_text());
}

// The journal, or whoever started it by hand, hears of a failure even where the log goes elsewhere.
void Daemon::Life::report_failure(const Error& error) const {
  if (log_ != nullptr) log_->error(error.reason);
  if (log_ != nullptr && current_->settings.log.destination == "stderr") return;
  std::cerr << "sallyportd: " << printable(error.reason) << '\n';
}

}  // namespace sallyport::daemon
