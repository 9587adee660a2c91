// OriginMemory: what is remembered of origins between connections: TLS sessions to resume, how long their certificates
// are valid, and which of them speak no HTTP/2.
//
// Shared by all workers, since a client's next connection may land on any; any thread. Bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "sallyport/tls/session_cache.hpp"

namespace sallyport::gateway {

struct Validity {
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;
};

class OriginMemory {
 public:
  [[nodiscard]] tls::SessionCache& sessions() { return sessions_; }

  // Of the certificate last verified for `name`, so that a minted leaf never outlives the one it stands for.
  void remember(const std::string& name, const Validity& validity);
  [[nodiscard]] std::optional<Validity> validity_of(const std::string& name) const;

  // What an origin that was offered HTTP/2 chose. Until that is known, it may.
  void remember_http2(const std::string& name, std::uint16_t port, bool spoken);
  [[nodiscard]] bool may_speak_http2(const std::string& name, std::uint16_t port) const;

  // A new trust store: what was believed before is asked anew.
  void forget_all();

 private:
  static constexpr std::size_t most_sessions = 16384;
  static constexpr std::size_t most_names = 65536;

  tls::SessionCache sessions_{most_sessions};
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Validity> validity_by_name_;  // protected by mutex_
  std::unordered_set<std::string> without_http2_;               // protected by mutex_; "name:port"
};

}  // namespace sallyport::gateway
