// AdminServer: what the gateway says of itself, over HTTP on its control socket: `/api/v1/…` in JSON, and `/metrics`;
// and the dashboard, where browsers get the same behind a token.
//
// It has a thread and a loop of its own, so that nobody who looks makes a worker wait. Made, owned and called by
// daemon/, on main's thread; what Observed refers to outlives it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/base/counter.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/gateway/configuration.hpp"
#include "sallyport/gateway/learnt.hpp"
#include "sallyport/gateway/quic_guard.hpp"
#include "sallyport/gateway/syn_guard.hpp"
#include "sallyport/gateway/worker.hpp"
#include "sallyport/pki/leaf_cache.hpp"
#include "sallyport/record/history.hpp"
#include "sallyport/record/live_tap.hpp"
#include "sallyport/record/log.hpp"

namespace sallyport::admin {

// How often the configuration was read anew; main's thread counts.
struct Reloads {
  Counter succeeded;
  Counter failed;
};

// What came of a reload. Where there are problems, nothing has changed.
struct ReloadOutcome {
  std::vector<std::string> problems;  // "file:line: reason"
  std::vector<std::string> warnings;
  std::vector<std::string> notes;  // what else has to be done for all of it to be in use
  std::uint64_t policy_generation = 0;
};

// What there is to tell of, and what may be asked for; each from any thread.
struct Observed {
  record::Log& log;
  pki::LeafCache& leaves;
  const record::History* history;  // null: none is kept
  record::LiveTap& live;
  gateway::Learnt& learnt;
  std::vector<const gateway::Worker*> workers;
  std::string config_path;
  const Reloads& reloads;
  // Reads the configuration anew because `asker` wants it, and tells, from any thread, once every worker uses it.
  std::function<void(std::string asker, std::function<void(ReloadOutcome)> tell)> reload = {};
  // Has every worker capture what is ordered, until it is ended.
  std::function<void(const gateway::CaptureOrder& order)> begin_capture = {};
  std::function<void(std::uint64_t id)> end_capture = {};
  // Sends a request of the past once more, and tells, from any thread, what came of it.
  std::function<void(gateway::ReplayOrder order, std::function<void(gateway::ReplayResult)> tell)> replay = {};
  const gateway::QuicCounters* quic = nullptr;  // null: nobody judges QUIC here
  const gateway::SynCounters* syn = nullptr;    // null: nobody is asked for new connections here
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
};

class AdminServer {
 public:
  // Opens the control socket that the settings name, for the daemon's user and group, and the dashboard's listeners.
  // What cannot be opened is said in the log, and left out. Errors: no descriptors, no random numbers.
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
