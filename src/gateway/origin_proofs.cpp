#include "sallyport/gateway/origin_proofs.hpp"

#include <algorithm>

namespace sallyport::gateway {

std::string OriginProofs::key_of(const Claim& claim) {
  return claim.origin.to_string() + '|' + claim.name + '|' + std::to_string(claim.trust_generation);
}

bool OriginProofs::proved(const Claim& claim, TimePoint now) {
  const std::string key = key_of(claim);
  const std::lock_guard lock(mutex_);
  return proofs_.find(key, now) != nullptr;
}

void OriginProofs::remember(const Claim& claim, std::chrono::seconds chain_life, TimePoint now) {
  const std::lock_guard lock(mutex_);
  proofs_.put(key_of(claim), Proved{}, now + std::min(chain_life, longest));
}

}  // namespace sallyport::gateway
