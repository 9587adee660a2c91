// PinnedClients: who keeps refusing the leaves we show, counted by client address, TLS stack and name.
//
// Shared by all workers; any thread. Bounded, and each client has a share of its own: who invents names and refuses the
// leaves for them drops its own counts alone.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "sallyport/base/expiring_map.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/wire/client_hello.hpp"

namespace sallyport::gateway {

// The client program's fingerprint as it stays from one connection to the next: JA4 of the hello without the extensions
// that come and go with a session to resume, a cookie, padding, or an encrypted name. `ja4`: that of the whole hello,
// which it is where there are none of them.
[[nodiscard]] std::string tls_stack_of(const wire::ClientHello& hello, const std::string& ja4);

class PinnedClients {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Key {
    IpAddress client;
    std::string tls_stack;
    std::string name;
  };

  // One more leaf was refused; gives how many there are now, which is 0 where one of that key was accepted less than
  // its `hold` ago. The count is kept for `hold` from now on.
  unsigned refused(const Key& key, std::chrono::seconds hold, TimePoint now);
  // The client asked for something under our leaf: nothing that was counted, or will be for `hold`, is pinning.
  // Browsers open more connections than they use, and give up the others beside the one that serves them.
  void accepted(const Key& key, std::chrono::seconds hold, TimePoint now);
  // How many refusals are counted; 0 once `hold` has passed since the last.
  [[nodiscard]] unsigned refusals(const Key& key, TimePoint now);

  struct Refused {
    Key key;
    unsigned refusals = 0;
  };
  // Those with so many refusals at least.
  [[nodiscard]] std::vector<Refused> list(unsigned least, TimePoint now) const;

 private:
  static constexpr std::size_t most_clients = 1024;
  static constexpr std::size_t most_of_one_client = 128;
  static constexpr std::size_t most_accepted = 16384;

  struct Accepted {};
  using Counts = ExpiringMap<Refused>;

  mutable std::mutex mutex_;
  // Below: protected by mutex_.
  ExpiringMap<Counts> counts_{most_clients};  // by client; who refused something least lately goes first
  ExpiringMap<Accepted> accepted_{most_accepted};
};

}  // namespace sallyport::gateway
