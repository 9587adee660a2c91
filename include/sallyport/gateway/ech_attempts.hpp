// EchAttempts: hellos with an encrypted name that came to nothing, until the client tries again in clear.
//
// A client whose ECH is not accepted gives up (RFC 9849 §6.1.6) and comes back under its true name; the two
// connections are then told as one in the log, by the attempt's id. Shared by all workers; any thread. Bounded.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/expiring_map.hpp"
#include "sallyport/base/ip_address.hpp"

namespace sallyport::gateway {

class EchAttempts {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // A connection under `outer_name` ended without a request.
  void failed(const IpAddress& client, std::string_view tls_stack, const std::string& outer_name, const std::string& id,
              TimePoint now);
  // A connection under `name`: the id of the attempt that it repeats, once; nullopt where there is none, or it was
  // under the same name.
  [[nodiscard]] std::optional<std::string> repeated_by(const IpAddress& client, std::string_view tls_stack,
                                                       const std::string& name, TimePoint now);

 private:
  // Clients come back at once; what comes later is another visit.
  static constexpr std::chrono::seconds patience{10};
  static constexpr std::size_t most_attempts = 4096;

  struct Attempt {
    std::string outer_name;
    std::string id;
  };

  std::mutex mutex_;
  ExpiringMap<Attempt> attempts_{most_attempts};  // protected by mutex_
};

}  // namespace sallyport::gateway
