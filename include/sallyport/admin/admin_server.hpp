// AdminServer: what the gateway says of itself, over HTTP on its control socket: `/api/v1/…` in JSON, and `/metrics`.
//
// It has a thread and a loop of its own, so that nobody who looks makes a worker wait. Made, owned and called by
// daemon/, on main's thread; what Observed refers to outlives it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/gateway/configuration.hpp"
#include "sallyport/gateway/worker.hpp"
#include "sallyport/pki/leaf_cache.hpp"
#include "sallyport/record/history.hpp"
#include "sallyport/record/log.hpp"

namespace sallyport::admin {

// What there is to tell of; each may be asked from any thread.
struct Observed {
  record::Log& log;
  const pki::LeafCache& leaves;
  const record::History* history;  // null: none is kept
  std::vector<const gateway::Worker*> workers;
  std::string config_path;
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
};

class AdminServer {
 public:
  // Opens the control socket that the settings name, for the daemon's user and group; none where the name is empty.
  // The error names the path.
  static Result<std::unique_ptr<AdminServer>> create(Observed observed, gateway::ConfigurationPtr configuration);
  // Ends every connection, then the thread.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Signals the caller has blocked stay blocked in the thread.
  void start();
  // A reload took place.
  void configure(gateway::ConfigurationPtr configuration);

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::admin
