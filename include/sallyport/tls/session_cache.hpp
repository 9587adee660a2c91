// SessionCache: TLS sessions to resume with at origins, by whatever may share one.
//
// Any thread. Sessions are kept as objects: serialising one costs more than
// the handshake saves. The newest of each key is kept; the least recently used key goes first.
#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::tls {

class SessionCache {
 public:
  explicit SessionCache(std::size_t capacity) : capacity_(capacity) {}

  // `not_after`: the earliest end of the chain that was verified when the session began.
  void put(const std::string& key, crypto::SslSessionPtr session, std::chrono::sys_seconds not_after);

  struct Found {
    crypto::SslSessionPtr session;
    std::chrono::sys_seconds not_after;
  };
  // A session that is still good at `now`; with TLS 1.3 it is taken out, since a ticket should be used once
  // (RFC 8446 §C.4). session is null when there is none.
  [[nodiscard]] Found take(const std::string& key, std::chrono::sys_seconds now);

  // Reload: what was verified under the old trust store is not believed any more.
  void clear();
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    crypto::SslSessionPtr session;
    std::chrono::sys_seconds not_after;
  };

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  // Below: protected by mutex_.
  std::list<Entry> by_use_;  // the most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

}  // namespace sallyport::tls
