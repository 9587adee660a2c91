#include <utility>

#include "sallyport/crypto/certificate.hpp"

#include "life.hpp"

namespace sallyport::daemon {

// `tell`: null where nobody waits to hear what comes of it.
void Daemon::Life::reload(TellOfReload tell) {
  if (phase_ != Phase::serving) {
    log_->info("a reload is asked for while ending: nothing is read anew");
    if (tell) tell({.problems = {"the daemon is ending"}});
    return;
  }
  service_manager_.reloading();
  config::Problems problems;
  gateway::ConfigurationPtr loaded = gateway::load_configuration(config_path_, credentials_folder_, problems);
  if (loaded != nullptr) {
    if (tell) asked_to_reload_.push_back(std::move(tell));
    adopt(std::move(loaded));
    reloads_.succeeded.add();
    return;
  }
  refuse_reload(problems, tell);
}

void Daemon::Life::refuse_reload(const config::Problems& problems, const TellOfReload& tell) {
  reloads_.failed.add();
  admin::ReloadOutcome outcome;
  for (const config::Problem& problem : problems) {
    outcome.problems.push_back(config::to_string(problem));
    log_->error(outcome.problems.back());
  }
  log_->error("keeping the running configuration; correct what is wrong, look at it with: sallyport check, and reload");
  service_manager_.ready(status_text() + "; the last reload failed: see the log");
  if (tell) tell(std::move(outcome));
}

void Daemon::Life::adopt(gateway::ConfigurationPtr loaded) {
  reload_notes_.clear();
  const gateway::ConfigurationPtr old = std::exchange(current_, std::move(loaded));
  const config::Settings& settings = current_->settings;
  log_->set_level(record::level_named(config::name_of(settings.log.level)).value_or(record::Level::info));
  if (old->settings.quic.action != settings.quic.action || old->settings.quic.queue != settings.quic.queue) {
    reload_notes_.emplace_back(
        "[quic] has changed; the kernel rules follow it with: systemctl reload sallyport-steering");
  }
  if (old->settings.gateway.when_stopped != settings.gateway.when_stopped ||
      old->settings.gateway.steering_queue != settings.gateway.steering_queue) {
    reload_notes_.emplace_back(
        "when_stopped has changed; the kernel rules follow it with: systemctl reload sallyport-steering");
  }
  if (old->settings.gateway.lan_interfaces != settings.gateway.lan_interfaces) {
    adopt_lan_interfaces(settings.gateway.lan_interfaces);
  }
  leaves_->flush();
  workers_->configure(current_);
  if (quic_guard_) quic_guard_->configure(current_);
  if (syn_guard_) syn_guard_->configure(current_);
  if (admin_) admin_->configure(current_);
  for (const std::string& key : config::keys_awaiting_restart(*at_start_, settings)) {
    reload_notes_.push_back(key + " has changed and waits for: systemctl restart sallyportd");
  }
  reopen_log();
  if (history_) history_->set_bounds(settings.history.max_rows, settings.history.max_bytes);
  if (old->settings.gateway.max_connections != settings.gateway.max_connections) check_descriptors();
  reload_call_ = workers_->call_roll();
}

void Daemon::Life::adopt_lan_interfaces(const std::vector<std::string>& lan_interfaces) {
  auto opened = netfilter::LocalAddresses::open(lan_interfaces);
  if (!opened) {
    log_->error("own addresses cannot be read for the new lan_interfaces: " + opened.error().reason);
    return;
  }
  addresses_ = std::move(*opened);
  workers_->set_addresses(addresses_->snapshot());
  reload_notes_.emplace_back(
      "lan_interfaces has changed; the kernel rules follow it with: systemctl reload sallyport-steering");
}

// Once every worker has it: whoever reads this line may count on it.
void Daemon::Life::announce_reloaded() {
  reload_call_.reset();
  for (const std::string& warning : current_->warnings) log_->warning(warning);
  log_->info("reloaded: " + config_path_ + " is in use for all new connections");
  for (const std::string& note : reload_notes_) log_->warning(note);
  const admin::ReloadOutcome outcome{.problems = {},
                                     .warnings = current_->warnings,
                                     .notes = std::exchange(reload_notes_, {}),
                                     .policy_generation = current_->policy->generation()};
  for (const TellOfReload& tell : std::exchange(asked_to_reload_, {})) tell(outcome);
  service_manager_.ready(status_text());
}

void Daemon::Life::give_up_reload() {
  reload_call_.reset();
  for (const TellOfReload& tell : std::exchange(asked_to_reload_, {})) tell({.problems = {"the daemon is ending"}});
}

void Daemon::Life::reopen_log() {
  if (const auto reopened = log_->reopen(); !reopened) {
    log_->error("the log goes on in the file it had: " + reopened.error().reason);
  }
}

void Daemon::Life::handle_addresses() {
  if (!addresses_) return;
  const auto changed = addresses_->handle_ready();
  if (changed) {
    if (*changed) share_addresses();
    return;
  }
  log_->warning("own addresses cannot be followed for now: " + changed.error().reason);
  addresses_.reset();  // the workers go on with the last ones; reopen_addresses() tries again
}

void Daemon::Life::reopen_addresses() {
  if (addresses_) return;
  auto opened = netfilter::LocalAddresses::open(current_->settings.gateway.lan_interfaces);
  if (!opened) return;  // told when they were lost
  addresses_ = std::move(*opened);
  share_addresses();
}

void Daemon::Life::share_addresses() {
  workers_->set_addresses(addresses_->snapshot());
  log_->info("own addresses or the routes behind lan_interfaces have changed: in use now");
}

// ca-certificates is upgraded without anybody telling us.
void Daemon::Life::refresh_trust() {
  if (!current_->trust->stale()) return;
  auto fresh = gateway::with_fresh_trust(*current_);
  if (!fresh) {
    if (fresh.error().reason == trust_failure_) return;
    trust_failure_ = fresh.error().reason;
    log_->warning("a CA bundle on disk has changed and cannot be used; going on with what was read before: " +
                  trust_failure_);
    return;
  }
  trust_failure_.clear();
  current_ = std::move(*fresh);
  workers_->configure(current_);
  if (quic_guard_) quic_guard_->configure(current_);
  if (syn_guard_) syn_guard_->configure(current_);
  if (admin_) admin_->configure(current_);
  log_->info("a CA bundle on disk has changed: " + std::to_string(current_->trust->size()) + " roots are trusted now");
}

void Daemon::Life::renew_issuer() {
  const auto renewed = current_->issuers->renew_if_due(crypto::wall_clock());
  if (!renewed) {
    log_->error("the issuing CA is due and could not be renewed; the old one goes on: " + renewed.error().reason);
  } else if (*renewed) {
    log_->info("the issuing CA was renewed");
  }
}

void Daemon::Life::renew_ticket_keys() {
  auto fresh = gateway::with_fresh_ticket_keys(*current_);
  if (!fresh) {
    log_->error("no new ticket keys: " + fresh.error().reason);
    return;
  }
  current_ = std::move(*fresh);
  workers_->configure(current_);
  if (admin_) admin_->configure(current_);
}

// One at a time: a worker that does not answer gets no second question, and systemd no word.
void Daemon::Life::call_roll() {
  if (!roll_call_) roll_call_ = workers_->call_roll();
}

// One that is silent keeps systemd from hearing that all is well, as a worker does.
void Daemon::Life::look_after_guards() {
  for (GuardWatch& guard : guard_watches_) guard.look(Clock::now(), *log_);
}

std::string Daemon::Life::status_text() const {
  return "serving with " + std::to_string(workers_->size()) + " workers";
}

}  // namespace sallyport::daemon
