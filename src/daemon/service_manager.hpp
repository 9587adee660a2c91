// ServiceManager: what systemd is told, by sd_notify(3). Without systemd every call does nothing.
//
// One thread. Reads NOTIFY_SOCKET and WATCHDOG_USEC of the environment.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace sallyport::daemon {

class ServiceManager {
 public:
  ServiceManager();

  void ready(const std::string& status) const;
  void reloading() const;
  // `grace`: how long the stop may take, however short TimeoutStopSec= is.
  void stopping(std::chrono::seconds grace) const;
  void alive() const;

  // How long it goes without alive() before it kills us; nullopt: for ever.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace sallyport::daemon
