// OriginProbes: the handshakes under way by which origins prove names; of one claim, with one offer of protocols, there
// is one at a time.
//
// One for each worker, its thread alone; what was proved is shared with the others as OriginProofs.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "sallyport/gateway/origin_proofs.hpp"
#include "sallyport/http/origin_connection.hpp"
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

  // Asks the origin unless it has proved the claim lately, over `connection`, which leads to the claim's own address
  // and is null afterwards where it was used up: a server that serves one connection after the other would never come
  // to a second one. Errors: the origin's (certificate, tls, reset, …), cancelled. The probe belongs to the client's
  // connection that began it; when that one ends, another that waits begins anew.
  io::Task<Result<void>> prove(WorkerContext& worker, io::Cancellation& cancellation, Route route,
                               OriginProofs::Claim claim, http::OriginConnectionPtr& connection);

 private:
  struct Probe;

  std::unordered_map<std::string, std::shared_ptr<Probe>> under_way_;
};

}  // namespace sallyport::gateway
