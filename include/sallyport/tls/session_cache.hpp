// SessionCache: TLS sessions to resume with at origins, by whatever may share one.
//
// Any thread. Sessions are kept as objects: serialising one costs more than
// the handshake saves. The newest of each key is kept; the least recently used key goes first.
//
// Some origins give tickets and take none back. To keep and offer them all the same costs 38,000 instructions a
// connection and makes its first packet larger, so where several in a row were refused, none is kept or given for a
// while.
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
  // More than one, since an origin of several machines may share tickets between some of them.
  static constexpr int refusals_in_a_row = 3;
  static constexpr std::chrono::seconds pause{60};

  explicit SessionCache(std::size_t capacity) : capacity_(capacity) {}

  // `not_after`: the earliest end of the chain that was verified when the session began.
  void put(const std::string& key, crypto::SslSessionPtr session, std::chrono::sys_seconds not_after,
           std::chrono::sys_seconds now);

  struct Found {
    crypto::SslSessionPtr session;
    std::chrono::sys_seconds not_after;
  };
  // A session that is still good at `now`; with TLS 1.3 it is taken out, since a ticket should be used once
  // (RFC 8446 §C.4). session is null when there is none.
  [[nodiscard]] Found take(const std::string& key, std::chrono::sys_seconds now);

  // What became of a session that was taken: after pause, one that is refused begins another pause.
  void was_taken_back(const std::string& key, bool taken, std::chrono::sys_seconds now);

  // Reload: what was verified under the old trust store is not believed any more.
  void clear();
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    crypto::SslSessionPtr session;
    std::chrono::sys_seconds not_after;
  };

  struct Refusals {
    int in_a_row = 0;
    std::chrono::sys_seconds paused_until{};
  };
  [[nodiscard]] bool pausing(const std::string& key, std::chrono::sys_seconds now) const;

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  // Below: protected by mutex_.
  std::list<Entry> by_use_;  // the most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::unordered_map<std::string, Refusals> refusals_;  // since a session of the key was last taken back
};

}  // namespace sallyport::tls
