// Lockout: who has shown wrong tokens too often has to wait, and is not listened to meanwhile.
//
// By client address, of IPv6 by the /64 that one machine may choose from. Bounded memory. The admin thread alone.
#pragma once

#include <chrono>
#include <optional>

#include "sallyport/base/expiring_map.hpp"
#include "sallyport/base/ip_address.hpp"

namespace sallyport::admin {

class Lockout {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr unsigned free_failures = 5;
  static constexpr std::chrono::seconds first_wait{60};  // doubled by each further failure
  static constexpr std::chrono::seconds longest_wait{960};
  static constexpr std::chrono::hours memory{1};  // after which failures are forgotten

  // How much longer nobody there is listened to; nothing: they are.
  std::optional<std::chrono::seconds> left(const IpAddress& client, TimePoint now);
  // One more failure. True: from now on nobody there is listened to.
  bool failed(const IpAddress& client, TimePoint now);
  void succeeded(const IpAddress& client);

 private:
  struct Failures {
    unsigned count = 0;
    TimePoint locked_until;
  };
  static constexpr std::size_t most_clients = 4096;

  ExpiringMap<Failures> failures_{most_clients};
};

}  // namespace sallyport::admin
