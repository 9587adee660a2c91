// Learnt: what connections have taught that later ones are treated by. Kept in memory alone.
//
// Shared by all workers, which it outlives; each part has a lock of its own.
#pragma once

#include "sallyport/gateway/certificate_demands.hpp"
#include "sallyport/gateway/ech_attempts.hpp"
#include "sallyport/gateway/leaf_trust.hpp"
#include "sallyport/gateway/origin_proofs.hpp"
#include "sallyport/gateway/pinned_clients.hpp"

namespace sallyport::gateway {

struct Learnt {
  PinnedClients pinned;
  LeafTrust trust;
  EchAttempts ech;
  OriginProofs proofs;
  CertificateDemands demands;
};

}  // namespace sallyport::gateway
