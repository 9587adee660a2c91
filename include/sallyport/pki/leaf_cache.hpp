// LeafCache: the leaves minted so far, by the whole request that led to them.
//
// Called by every worker. A hit takes one short lock of one shard; a miss blocks the caller for one mint, its own
// or, if another thread is already minting the same, that one's. Owned by the gateway; outlives the workers. The
// RsaKeyPool must outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/pki/leaf.hpp"
#include "sallyport/pki/mint.hpp"

namespace sallyport::pki {

class LeafCache {
 public:
  // At most `capacity` leaves (the key `leaf_cache`), about 7 kB each; the least recently used of a full shard goes
  // first.
  // 0: nothing is kept, but concurrent mints of one name still are one mint.
  LeafCache(std::size_t capacity, RsaKeyPool& rsa_keys);
  ~LeafCache();
  LeafCache(const LeafCache&) = delete;
  LeafCache& operator=(const LeafCache&) = delete;

  // The leaf for exactly this request under exactly this issuer: all names, key kind, dates and life count, and
  // nothing is shortened to a hash. A leaf is replaced before it ends: when a tenth of its life, at most one
  // hour, is left. Errors are mint()'s and are not kept.
  [[nodiscard]] Result<LeafPtr> get(const IssuerPtr& issuer, const LeafRequest& request, std::chrono::sys_seconds now);

  // Forgets every leaf, those being minted included: their callers get them, later ones do not. For reload.
  void flush();

  struct Counts {
    std::uint64_t hits = 0;
    std::uint64_t mints = 0;
    std::uint64_t joined = 0;  // waited for another thread's mint of the same
    std::size_t entries = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  class Shard;

  [[nodiscard]] Shard& shard_of(const std::string& key) const;

  RsaKeyPool& rsa_keys_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace sallyport::pki
