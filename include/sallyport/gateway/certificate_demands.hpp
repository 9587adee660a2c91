// CertificateDemands: names and ports whose origins asked for a client certificate that nobody configured.
//
// With [upstream] client_certificate_requested = passthrough their next connections are relayed unopened, so that the
// client can show its own. Shared by all workers; any thread. Bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "sallyport/base/expiring_map.hpp"

namespace sallyport::gateway {

class CertificateDemands {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // True where this is news.
  bool remember(const std::string& name, std::uint16_t port, TimePoint now);
  [[nodiscard]] bool holds(const std::string& name, std::uint16_t port, TimePoint now);

 private:
  // Then the origin is asked anew.
  static constexpr std::chrono::hours hold{24};
  static constexpr std::size_t most_origins = 16384;

  struct Demanded {};

  std::mutex mutex_;
  ExpiringMap<Demanded> origins_{most_origins};  // protected by mutex_
};

}  // namespace sallyport::gateway
