// LeafTrust: which devices take the leaves we show, and for which names they do not.
//
// Shared by all workers; any thread. Bounded: of the devices heard of least lately, and of their names, some are
// forgotten.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "sallyport/base/ip_address.hpp"

namespace sallyport::gateway {

class LeafTrust {
 public:
  struct Device {
    IpAddress client;
    // The names whose leaf it has taken or refused last, up to a bound.
    std::size_t names_taken = 0;
    std::size_t names_refused = 0;
    std::chrono::system_clock::time_point last_seen;
  };

  // It asked for something under the leaf for `name`; what it may have refused before was no matter of trust.
  void taken(const IpAddress& client, const std::string& name, std::chrono::system_clock::time_point now) {
    note(client, name, true, now);
  }
  // It refused the leaf for `name`, unless it has taken one before.
  void refused(const IpAddress& client, const std::string& name, std::chrono::system_clock::time_point now) {
    note(client, name, false, now);
  }
  // Who was heard of last comes first.
  [[nodiscard]] std::vector<Device> devices() const;

 private:
  static constexpr std::size_t most_devices = 1024;
  static constexpr std::size_t most_names = 64;

  struct Known {
    IpAddress client;
    std::unordered_map<std::string, bool> names;  // true: taken
    std::chrono::system_clock::time_point last_seen;
  };
  void note(const IpAddress& client, const std::string& name, bool taken, std::chrono::system_clock::time_point now);

  mutable std::mutex mutex_;
  // Below: protected by mutex_. Who was heard of last comes first.
  std::list<Known> known_;
  std::unordered_map<std::string, std::list<Known>::iterator> by_client_;
};

}  // namespace sallyport::gateway
