// Daemon::Life: what the daemon has and does, told in order: boot, serve, reload, end.
//
// Main's thread alone. Members are declared in the order they depend on each other: the workers go first, then what
// they share, the log last.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/admin/admin_server.hpp"
#include "sallyport/config/settings.hpp"
#include "sallyport/daemon/daemon.hpp"
#include "sallyport/gateway/configuration.hpp"
#include "sallyport/gateway/quic_guard.hpp"
#include "sallyport/gateway/syn_guard.hpp"
#include "sallyport/netfilter/local_addresses.hpp"
#include "sallyport/pki/leaf_cache.hpp"
#include "sallyport/pki/rsa_key_pool.hpp"
#include "sallyport/record/recorder.hpp"

#include "guard_watch.hpp"
#include "mailbox.hpp"
#include "service_manager.hpp"
#include "signal_queue.hpp"
#include "timetable.hpp"
#include "worker_threads.hpp"

namespace sallyport::daemon {

class Daemon::Life {
 public:
  Life(std::string config_path, std::string credentials_folder)
      : config_path_(std::move(config_path)), credentials_folder_(std::move(credentials_folder)) {}

  int run();

 private:
  using Clock = Timetable::Clock;
  enum class Phase { serving, draining, stopping };

  // Boot (boot.cpp), in the order they are called.
  Result<void> boot();
  Result<void> load();
  Result<void> open_log();
  void open_history();
  Result<void> read_addresses();
  void check_descriptors();
  Result<void> open_workers();
  Result<void> open_quic_guard();
  Result<void> open_syn_guard();
  void open_control_socket();
  void make_timetable();
  void announce_ready();
  void report_failure(const Error& error) const;

  // Serving and ending (life.cpp).
  int serve();
  void wait();
  void handle_signals();
  void handle_workers();
  void handle_deadline();
  void drain(int signal_number);
  void stop();

  // What changes while it serves (changes.cpp).
  using TellOfReload = std::function<void(admin::ReloadOutcome)>;
  void reload(TellOfReload tell);
  void refuse_reload(const config::Problems& problems, const TellOfReload& tell);
  void adopt(gateway::ConfigurationPtr loaded);
  void adopt_lan_interfaces(const std::vector<std::string>& lan_interfaces);
  void announce_reloaded();
  void give_up_reload();
  void reopen_log();
  void handle_addresses();
  void reopen_addresses();
  void share_addresses();
  void refresh_trust();
  void renew_issuer();
  void renew_ticket_keys();
  void call_roll();
  void look_after_guards();
  [[nodiscard]] std::string status_text() const;

  // Between two looks of the dashboard's feed, which shows fewer.
  static constexpr std::size_t lines_kept_for_viewers = 256;

  const std::string config_path_;
  const std::string credentials_folder_;
  const ServiceManager service_manager_;

  std::optional<SignalQueue> signals_;
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<record::Log> log_;
  std::unique_ptr<record::History> history_;  // null: none is kept
  record::LiveTap live_{lines_kept_for_viewers};
  std::optional<record::Recorder> recorder_;
  gateway::ConfigurationPtr current_;
  std::optional<config::Settings> at_start_;  // the keys that a restart alone changes keep these values
  std::optional<netfilter::LocalAddresses> addresses_;
  pki::RsaKeyPool rsa_keys_;
  std::optional<pki::LeafCache> leaves_;
  std::shared_ptr<gateway::Learnt> learnt_ = std::make_shared<gateway::Learnt>();
  std::unique_ptr<WorkerThreads> workers_;
  std::unique_ptr<gateway::QuicGuard> quic_guard_;
  std::unique_ptr<gateway::SynGuard> syn_guard_;
  std::vector<GuardWatch> guard_watches_;
  admin::Reloads reloads_;
  std::unique_ptr<admin::AdminServer> admin_;  // null: nobody can ask

  Timetable timetable_;
  std::optional<WorkerThreads::RollCall> roll_call_;    // the watchdog's, while one is awaited
  std::optional<WorkerThreads::RollCall> reload_call_;  // answered when all workers use what was loaded
  std::vector<std::string> reload_notes_;
  std::vector<TellOfReload> asked_to_reload_;  // who hears of it then
  std::string trust_failure_;                  // the last one logged, so that it is logged once

  Phase phase_ = Phase::serving;
  std::optional<Clock::time_point> deadline_;  // of the phase
  std::optional<int> exit_status_;
};

}  // namespace sallyport::daemon
