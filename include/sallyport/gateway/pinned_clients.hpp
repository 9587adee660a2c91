// PinnedClients: who keeps refusing the leaves we show, counted by client address, TLS stack and name.
//
// Shared by all workers; any thread. Bounded: the count begun first is dropped for a new one.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "sallyport/base/expiring_map.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/wire/client_hello.hpp"

namespace sallyport::gateway {

// The client program's fingerprint as it stays from one connection to the next: JA4 of the hello without the extensions
// that come and go with a session to resume, a cookie, padding, or an encrypted name.
[[nodiscard]] std::string tls_stack_of(const wire::ClientHello& hello);

class PinnedClients {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Key {
    IpAddress client;
    std::string tls_stack;
    std::string name;
  };

  // One more leaf was refused; gives how many there are now, none of that key accepted in between. The count is kept
  // for `hold` from now on.
  unsigned refused(const Key& key, std::chrono::seconds hold, TimePoint now);
  // The client sent something under our leaf: whatever was counted was not pinning.
  void accepted(const Key& key);
  // How many refusals are counted; 0 once `hold` has passed since the last.
  [[nodiscard]] unsigned refusals(const Key& key, TimePoint now);

 private:
  static constexpr std::size_t most_keys = 65536;

  std::mutex mutex_;
  ExpiringMap<unsigned> refusals_{most_keys};  // protected by mutex_
};

}  // namespace sallyport::gateway
