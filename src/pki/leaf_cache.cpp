#include "sallyport/pki/leaf_cache.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>

namespace sallyport::pki {

namespace {

using std::chrono::sys_seconds;

constexpr std::size_t max_shards = 16;
constexpr std::size_t least_shard_capacity = 64;  // a cache smaller than this is not worth splitting

void append(std::string& key, std::int64_t number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append(std::string& key, const std::optional<sys_seconds>& time) {
  key += time ? '+' : '-';
  append(key, time ? time->time_since_epoch().count() : std::int64_t{0});
}

// Everything that shapes the leaf, each part of fixed length or preceded by its length, so that different requests
// cannot have one key.
std::string key_of(const Issuer& issuer, const LeafRequest& request) {
  std::string key;
  append(key, static_cast<std::int64_t>(issuer.generation()));
  append(key, static_cast<std::int64_t>(request.key));
  append(key, static_cast<std::int64_t>(request.life.count()));
  append(key, request.not_before);
  append(key, request.not_after);
  for (const std::string& name : request.names) {
    append(key, static_cast<std::int64_t>(name.size()));
    key += name;
  }
  return key;
}

sys_seconds use_until(const Leaf& leaf, sys_seconds now) {
  return leaf.not_after - std::min<std::chrono::seconds>(std::chrono::hours(1), (leaf.not_after - now) / 10);
}

}  // namespace

// A part of the cache under a lock of its own. std::map rather than a hash table: clients choose the names, and an
// ordered tree has no worst case for them to aim at.
class LeafCache::Shard {
 public:
  explicit Shard(std::size_t capacity) : capacity_(capacity) {}

  Result<LeafPtr> get(const std::string& key, sys_seconds now, const std::function<Result<LeafPtr>()>& mint);
  void flush();
  void add_to(Counts& counts) const;

 private:
  struct Entry {
    LeafPtr leaf;
    sys_seconds use_until;
    std::list<const std::string*>::iterator recency;
  };
  // One mint under way. Whoever finds it here waits for its result instead of minting too.
  struct Flight {
    std::optional<Result<LeafPtr>> landed;
  };

  LeafPtr find_locked(const std::string& key, sys_seconds now);
  void insert_locked(const std::string& key, const LeafPtr& leaf, sys_seconds now);
  void erase_locked(std::map<std::string, Entry>::iterator entry);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable landed_;
  // Below: protected by mutex_.
  std::map<std::string, Entry> entries_;
  std::list<const std::string*> recency_;  // keys of entries_, the most recently used first
  std::map<std::string, std::shared_ptr<Flight>> flights_;
  Counts counts_;
};

Result<LeafPtr> LeafCache::Shard::get(const std::string& key, sys_seconds now,
                                      const std::function<Result<LeafPtr>()>& mint) {
  std::unique_lock lock(mutex_);
  if (LeafPtr leaf = find_locked(key, now)) {
    ++counts_.hits;
    return leaf;
  }
  if (const auto found = flights_.find(key); found != flights_.end()) {
    ++counts_.joined;
    const std::shared_ptr<Flight> flight = found->second;
    landed_.wait(lock, [&] { return flight->landed.has_value(); });
    return *flight->landed;
  }

  const auto flight = std::make_shared<Flight>();
  flights_.emplace(key, flight);
  ++counts_.mints;
  lock.unlock();
  Result<LeafPtr> minted = mint();
  lock.lock();
  flight->landed = minted;
  // Not there any more: flush() came in between, and this leaf belongs to the time before it.
  const auto own = flights_.find(key);
  if (own != flights_.end() && own->second == flight) {
    flights_.erase(own);
    if (minted) insert_locked(key, *minted, now);
  }
  landed_.notify_all();
  return minted;
}

void LeafCache::Shard::flush() {
  std::map<std::string, Entry> entries;  // thousands of certificates: freed when the lock is gone
  const std::lock_guard lock(mutex_);
  entries.swap(entries_);
  recency_.clear();
  flights_.clear();  // those waiting hold their Flight themselves
}

void LeafCache::Shard::add_to(Counts& counts) const {
  const std::lock_guard lock(mutex_);
  counts.hits += counts_.hits;
  counts.mints += counts_.mints;
  counts.joined += counts_.joined;
  counts.entries += entries_.size();
}

LeafPtr LeafCache::Shard::find_locked(const std::string& key, sys_seconds now) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  if (now >= found->second.use_until) {
    erase_locked(found);
    return nullptr;
  }
  recency_.splice(recency_.begin(), recency_, found->second.recency);
  return found->second.leaf;
}

void LeafCache::Shard::insert_locked(const std::string& key, const LeafPtr& leaf, sys_seconds now) {
  if (capacity_ == 0) return;
  if (entries_.size() >= capacity_) erase_locked(entries_.find(*recency_.back()));
  const auto entry = entries_.emplace(key, Entry{leaf, use_until(*leaf, now), {}}).first;
  recency_.push_front(&entry->first);
  entry->second.recency = recency_.begin();
}

void LeafCache::Shard::erase_locked(std::map<std::string, Entry>::iterator entry) {
  recency_.erase(entry->second.recency);
  entries_.erase(entry);
}

LeafCache::LeafCache(std::size_t capacity, RsaKeyPool& rsa_keys) : rsa_keys_(rsa_keys) {
  const std::size_t count = std::clamp<std::size_t>(capacity / least_shard_capacity, 1, max_shards);
  // The remainder goes to the first shards, so that the bound is exact.
  for (std::size_t i = 0; i < count; ++i) {
    shards_.push_back(std::make_unique<Shard>(capacity / count + (i < capacity % count ? 1 : 0)));
  }
}

LeafCache::~LeafCache() = default;

Result<LeafPtr> LeafCache::get(const IssuerPtr& issuer, const LeafRequest& request, sys_seconds now) {
  const std::string key = key_of(*issuer, request);
  return shard_of(key).get(key, now, [&]() noexcept {  // whoever waits for this mint must not wait for ever
    return mint(issuer, request, rsa_keys_, now);
  });
}

void LeafCache::flush() {
  for (const auto& shard : shards_) shard->flush();
}

LeafCache::Counts LeafCache::counts() const {
  Counts counts;
  for (const auto& shard : shards_) shard->add_to(counts);
  return counts;
}

LeafCache::Shard& LeafCache::shard_of(const std::string& key) const {
  return *shards_[std::hash<std::string>{}(key) % shards_.size()];
}

}  // namespace sallyport::pki
