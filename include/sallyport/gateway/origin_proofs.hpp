// OriginProofs: which addresses have proved which names, so that passthrough need not take a client's word for it.
//
// A proof is a TLS handshake of our own in which the origin's certificate was good for the name and its key signed.
// Shared by all workers; any thread. Bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "sallyport/base/expiring_map.hpp"
#include "sallyport/base/ip_address.hpp"

namespace sallyport::gateway {

class OriginProofs {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Claim {
    Endpoint origin;  // the address that would be relayed to
    std::string name;
    std::uint64_t trust_generation = 0;  // who was believed when it was proved
  };

  [[nodiscard]] bool proved(const Claim& claim, TimePoint now);
  // Holds until the chain ends, and an hour at most: a name may move, and a certificate be revoked.
  void remember(const Claim& claim, std::chrono::seconds chain_life, TimePoint now);

  // One text for one claim.
  [[nodiscard]] static std::string key_of(const Claim& claim);

 private:
  static constexpr std::chrono::seconds longest{3600};
  static constexpr std::size_t most_proofs = 65536;

  struct Proved {};

  std::mutex mutex_;
  ExpiringMap<Proved> proofs_{most_proofs};  // protected by mutex_
};

}  // namespace sallyport::gateway
