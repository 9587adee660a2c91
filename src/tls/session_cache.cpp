#include "sallyport/tls/session_cache.hpp"

#ifdef __SANITIZE_THREAD__
// A session that two workers know, and the chain it shares with its successors, is freed by whoever lets go last. That
// they do so one after the other is known to the atomic counters of libssl, which ThreadSanitizer does not see.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:^SSL_SESSION_free$\nrace:^OPENSSL_sk_free$\n"; }
#endif

namespace sallyport::tls {

void SessionCache::put(const std::string& key, crypto::SslSessionPtr session, std::chrono::sys_seconds not_after,
                       std::chrono::sys_seconds now) {
  if (capacity_ == 0 || SSL_SESSION_is_resumable(session.get()) == 0) return;
  const std::lock_guard lock(mutex_);
  if (pausing(key, now)) return;
  const auto known = by_key_.find(key);
  if (known != by_key_.end()) {
    by_use_.erase(known->second);
    by_key_.erase(known);
  } else if (by_key_.size() >= capacity_) {
    by_key_.erase(by_use_.back().key);
    by_use_.pop_back();
  }
  by_use_.push_front({key, std::move(session), not_after});
  by_key_.emplace(key, by_use_.begin());
}

SessionCache::Found SessionCache::take(const std::string& key, std::chrono::sys_seconds now) {
  const std::lock_guard lock(mutex_);
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return {};
  Entry& entry = *known->second;
  const bool single_use = SSL_SESSION_get_protocol_version(entry.session.get()) >= TLS1_3_VERSION;
  Found found{crypto::up_ref(entry.session.get()), entry.not_after};
  const bool expired = now >= entry.not_after;
  if (expired) found.session.reset();
  if (single_use || expired) {
    by_use_.erase(known->second);
    by_key_.erase(known);
  } else {
    by_use_.splice(by_use_.begin(), by_use_, known->second);
  }
  return found;
}

void SessionCache::was_taken_back(const std::string& key, bool taken, std::chrono::sys_seconds now) {
  const std::lock_guard lock(mutex_);
  if (taken) {
    refusals_.erase(key);
    return;
  }
  if (refusals_.size() >= capacity_) refusals_.clear();
  Refusals& refusals = refusals_[key];
  if (++refusals.in_a_row < refusals_in_a_row) return;
  refusals.paused_until = now + pause;
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return;
  by_use_.erase(known->second);
  by_key_.erase(known);
}

// A clock that was set back must not make a pause longer.
bool SessionCache::pausing(const std::string& key, std::chrono::sys_seconds now) const {
  const auto known = refusals_.find(key);
  return known != refusals_.end() && now < known->second.paused_until && known->second.paused_until <= now + pause;
}

std::size_t SessionCache::size() const {
  const std::lock_guard lock(mutex_);
  return by_key_.size();
}

void SessionCache::clear() {
  const std::lock_guard lock(mutex_);
  by_key_.clear();
  by_use_.clear();
  refusals_.clear();
}

}  // namespace sallyport::tls
