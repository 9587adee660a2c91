// Opening: whether a connection is opened or relayed as it is: what policy says, what was learnt, and whether the
// origin has proved the name that it would be passed through for.
#pragma once

#include <string>

#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/http/origin_connection.hpp"

#include "session.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

struct Opening {
  policy::Verdict verdict;
  // Of a passthrough whose origin was looked at: the TCP connection to that very address, or why there is none. Null
  // where nobody was dialled yet.
  Result<http::OriginConnectionPtr> origin = nullptr;
};

// Judges the session's target. A name that its origin does not prove is judged as if no rule passed it through, and
// session.unproved is set. `hello`: the client's. The arguments outlive the
// task; the verdict's views are those of `generation`'s policy.
io::Task<Opening> decide_opening(WorkerContext& worker, Lifetime& lifetime, const Generation& generation,
                                 Session& session, const wire::ClientHello& hello);

}  // namespace sallyport::gateway
