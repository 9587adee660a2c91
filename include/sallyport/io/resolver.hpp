// Resolver: names to addresses, A and AAAA and the hosts file, over c-ares without blocking.
//
// One for each worker, on its loop's thread; outlives every resolve() it runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/event_loop.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::io {

class Resolver {
 public:
  // `servers`: empty for the system's own. Fails when the system's resolver files cannot be read.
  static Result<std::unique_ptr<Resolver>> create(EventLoop& loop, const std::vector<Endpoint>& servers);
  virtual ~Resolver() = default;

  // At least one address, in the order of RFC 6724, or an error that names the name: unreachable (no
  // such name, no address), timed_out, system (the servers failed).
  virtual Task<Result<std::vector<IpAddress>>> resolve(std::string name, TimePoint deadline,
                                                       Cancellation& cancellation) = 0;
};

}  // namespace sallyport::io
