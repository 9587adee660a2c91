#include "service_manager.hpp"

#include <cstdint>

#include <systemd/sd-daemon.h>

namespace sallyport::daemon {
namespace {

// A service manager that cannot be reached is no reason to stop serving.
void notify(const std::string& state) { static_cast<void>(sd_notify(0, state.c_str())); }

}  // namespace

ServiceManager::ServiceManager() {
  std::uint64_t interval = 0;
  if (sd_watchdog_enabled(0, &interval) > 0) watchdog_ = std::chrono::microseconds(interval);
}

void ServiceManager::ready(const std::string& status) const { notify("READY=1\nSTATUS=" + status); }

void ServiceManager::reloading() const {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());  // CLOCK_MONOTONIC, as systemd wants it
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count()) + "\nSTATUS=reading the configuration");
}

void ServiceManager::stopping(std::chrono::seconds grace) const {
  const auto extension = std::chrono::microseconds(grace);
  notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(extension.count()) + "\nSTATUS=draining");
}

void ServiceManager::alive() const { notify("WATCHDOG=1"); }

}  // namespace sallyport::daemon
