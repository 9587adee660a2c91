#include "accepted_chains.hpp"

#include <algorithm>

namespace sallyport::pki {

std::string AcceptedChains::key_of(X509* leaf, STACK_OF(X509) * others) {
  std::string key;
  const int count = std::max(sk_X509_num(others), 0);
  if (count > most_certificates) return key;
  const auto add = [&key](const crypto::Sha256& digest) {
    key.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  };
  const crypto::Sha256 of_leaf = crypto::fingerprint(leaf);
  add(of_leaf);
  for (int at = 0; at < count; ++at) {
    const X509* const other = sk_X509_value(others, at);
    add(other == leaf ? of_leaf : crypto::fingerprint(other));  // in a session the leaf is the first of them too
  }
  return key;
}

std::optional<VerifiedChain> AcceptedChains::find(const std::string& key, std::chrono::sys_seconds now) {
  const std::lock_guard lock(mutex_);
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return std::nullopt;
  const Entry& entry = known->second;
  const bool fresh = now >= entry.kept_at && now < entry.kept_at + lifetime;
  const bool valid = now >= entry.valid_from && now < entry.facts.not_after;
  if (!fresh || !valid) {
    by_key_.erase(known);
    return std::nullopt;
  }
  ++found_;
  return entry.facts;
}

void AcceptedChains::keep(const std::string& key, const VerifiedChain& facts, std::chrono::sys_seconds valid_from,
                          std::chrono::sys_seconds now) {
  if (key.empty()) return;
  const std::lock_guard lock(mutex_);
  // Whatever is asked for again is soon back.
  if (by_key_.size() >= capacity) by_key_.clear();
  by_key_.insert_or_assign(key, Entry{facts, valid_from, now});
}

std::uint64_t AcceptedChains::found() const {
  const std::lock_guard lock(mutex_);
  return found_;
}

}  // namespace sallyport::pki
