#include "life.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <utility>

#include <stdlib.h>

#include "sallyport/gateway/check_configuration.hpp"

namespace sallyport::daemon {
namespace {

using namespace std::chrono_literals;

// How long workers may take to end all connections once told to.
constexpr auto stop_patience = 5s;

std::string connections_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " connection" : " connections");
}

}  // namespace

Daemon::Daemon(std::string config_path, std::string credentials_folder)
    : life_(std::make_unique<Life>(std::move(config_path), std::move(credentials_folder))) {}

Daemon::~Daemon() = default;

int Daemon::run() { return life_->run(); }

int Daemon::Life::run() {
  if (const auto booted = boot(); !booted) {
    report_failure(booted.error());
    return booted.error().kind == ErrorKind::config ? gateway::exit_configuration : EXIT_FAILURE;
  }
  return serve();
}

int Daemon::Life::serve() {
  while (!exit_status_) {
    wait();
    handle_signals();
    mailbox_->empty();
    handle_addresses();
    handle_workers();
    handle_deadline();
    timetable_.run_due(Clock::now());
  }
  return *exit_status_;
}

// Until a signal, a word of another thread, a change of addresses, or the next thing that is due.
void Daemon::Life::wait() {
  std::optional<Clock::time_point> until = timetable_.next();
  if (deadline_ && (!until || *deadline_ < *until)) until = deadline_;
  int timeout = -1;
  if (until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now());
    timeout = static_cast<int>(std::clamp<std::chrono::milliseconds>(left, 0ms, 1h).count());
  }
  std::array<pollfd, 4> sources{{{signals_->fd(), POLLIN, 0},
                                 {mailbox_->fd(), POLLIN, 0},
                                 {workers_->wake_fd(), POLLIN, 0},
                                 {addresses_ ? addresses_->fd() : -1, POLLIN, 0}}};
  // Whatever ended the wait, each source is asked in turn and none of them blocks.
  static_cast<void>(::poll(sources.data(), sources.size(), timeout));
}

void Daemon::Life::handle_signals() {
  while (const std::optional<int> number = signals_->next()) {
    switch (*number) {
      case SIGHUP:
        reload(nullptr);
        break;
      case SIGUSR1:
        reopen_log();
        break;
      default:
        drain(*number);
        break;
    }
  }
}

void Daemon::Life::handle_workers() {
  workers_->acknowledge();
  if (roll_call_ && roll_call_->complete()) {
    roll_call_.reset();
    if (std::ranges::none_of(guard_watches_, &GuardWatch::silent)) service_manager_.alive();
  }
  if (reload_call_ && reload_call_->complete()) announce_reloaded();
  const std::size_t finished = workers_->finished();
  if (finished == 0) return;
  if (phase_ == Phase::serving) {
    log_->error("a worker ended unasked, which is a mistake in sallyportd: exiting, so that it is started anew");
    exit_status_ = EXIT_FAILURE;
  } else if (finished == workers_->size()) {
    log_->info("all connections have ended: exiting");
    exit_status_ = EXIT_SUCCESS;
  }
}

void Daemon::Life::handle_deadline() {
  if (exit_status_ || !deadline_ || Clock::now() < *deadline_) return;
  if (phase_ == Phase::draining) {
    log_->warning(connections_text(workers_->connections()) + " did not end within drain_seconds and are cut");
    stop();
    return;
  }
  // A thread that does not answer cannot be joined; staying would keep the next start from the ports.
  std::cerr << "sallyportd: a worker does not stop: exiting without it\n";
  std::_Exit(EXIT_FAILURE);
}

void Daemon::Life::drain(int signal_number) {
  if (phase_ == Phase::stopping) return;
  if (phase_ == Phase::draining) {
    log_->warning("a second signal: " + connections_text(workers_->connections()) + " are cut");
    stop();
    return;
  }
  phase_ = Phase::draining;
  give_up_reload();
  const std::chrono::seconds patience = current_->settings.gateway.drain;
  deadline_ = Clock::now() + patience;
  service_manager_.stopping(patience + 2 * stop_patience);
  log_->info(std::string(signal_number == SIGINT ? "SIGINT" : "SIGTERM") + ": no new connections; " +
             connections_text(workers_->connections()) + " may finish within " + std::to_string(patience.count()) +
             " s; a second signal ends them at once");
  // With when_stopped = open the kernel lets new connections pass from here on, instead of into listeners that close.
  if (syn_guard_) syn_guard_->stop();
  workers_->drain();
}

void Daemon::Life::stop() {
  phase_ = Phase::stopping;
  deadline_ = Clock::now() + stop_patience;
  workers_->stop();
}

}  // namespace sallyport::daemon
