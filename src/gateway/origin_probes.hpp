// OriginProbes: the handshakes under way by which origins prove names; of one claim, with one offer of protocols, there
// is one at a time.
//
// One for each worker, its thread alone; what was proved is shared with the others as OriginProofs.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "sallyport/gateway/origin_proofs.hpp"
#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::gateway {

struct Route;
struct WorkerContext;

class OriginProbes {
 public:
  OriginProbes();
  ~OriginProbes();
  OriginProbes(const OriginProbes&) = delete;
  OriginProbes& operator=(const OriginProbes&) = delete;

  // Asks the origin unless it has proved the claim lately. `route` leads to the claim's own address. Errors: the
  // origin's (certificate, tls, refused, …), cancelled. The probe belongs to the connection that began it; when that
  // one ends, another that waits begins anew.
  io::Task<Result<void>> prove(WorkerContext& worker, io::Cancellation& cancellation, Route route,
                               OriginProofs::Claim claim);

 private:
  struct Probe;

  std::unordered_map<std::string, std::shared_ptr<Probe>> under_way_;
};

}  // namespace sallyport::gateway
