// Worker: one thread with its own loop, listeners, connections, upstream pool and counters.
//
// A connection never moves to another worker. The daemon creates the workers, gives each a thread that calls
// run(), and talks to them through the calls marked "any thread". What Shared refers to outlives them.
#pragma once

#include <functional>
#include <memory>

#include "sallyport/access/password_checker.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/gateway/capture.hpp"
#include "sallyport/gateway/configuration.hpp"
#include "sallyport/gateway/connection_counts.hpp"
#include "sallyport/gateway/learnt.hpp"
#include "sallyport/gateway/metrics.hpp"
#include "sallyport/gateway/open_connections.hpp"
#include "sallyport/gateway/origin_memory.hpp"
#include "sallyport/gateway/replay.hpp"
#include "sallyport/netfilter/local_addresses.hpp"
#include "sallyport/pki/leaf_cache.hpp"
#include "sallyport/record/recorder.hpp"

namespace sallyport::gateway {

using AddressesPtr = std::shared_ptr<const netfilter::AddressSnapshot>;

// What all workers share; each member may be used from every thread. Copies share one state.
struct Shared {
  const record::Recorder& recorder;
  pki::LeafCache& leaves;
  std::shared_ptr<ConnectionCounts> counts = std::make_shared<ConnectionCounts>();
  std::shared_ptr<OriginMemory> origins = std::make_shared<OriginMemory>();
  std::shared_ptr<Learnt> learnt = std::make_shared<Learnt>();
  std::shared_ptr<access::PasswordChecker> passwords = nullptr;  // needed where the configuration has credentials
};

class Worker {
 public:
  // Opens every listener that the settings name. The error says which one failed and why.
  static Result<std::unique_ptr<Worker>> create(Shared shared, ConfigurationPtr configuration, AddressesPtr addresses);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Serves until drained or stopped. The worker's thread.
  void run();

  // Any thread. New connections use it, and every exchange that begins from now on; a connection under way keeps its
  // own for its timeouts and its client's TLS. Idle upstream connections and sessions that rest on an old trust store
  // are dropped.
  void configure(ConfigurationPtr configuration);
  // Any thread.
  void set_addresses(AddressesPtr addresses);
  // Any thread: no new connections; the running ones end after the exchange they are in; run() returns when the
  // last is gone.
  void drain();
  // Any thread: ends every connection now; run() returns.
  void stop();
  // Any thread: how many connections are open.
  [[nodiscard]] std::size_t connections() const;
  // Any thread may read them, as long as the worker lives.
  [[nodiscard]] const Metrics& metrics() const;
  [[nodiscard]] const OpenConnections& open_connections() const;
  // Any thread: what it has at the moment.
  struct Holdings {
    std::size_t connections = 0;       // of clients
    std::size_t idle_upstreams = 0;    // HTTP/1.1, waiting to be used again
    std::size_t shared_upstreams = 0;  // HTTP/2
    std::uint64_t lent_bytes = 0;      // of its BufferPool
    std::uint64_t kept_bytes = 0;
  };
  [[nodiscard]] Holdings holdings() const;
  // Any thread: sends the request once more; `tell` hears what came of it on the worker's thread. Nothing is told where
  // the worker ends first.
  void replay(ReplayOrder order, std::function<void(ReplayResult)> tell);
  // Any thread: connections that begin from now on are captured where the order wants them, until it is ended.
  void begin_capture(CaptureOrder order);
  void end_capture(std::uint64_t id);
  // Any thread: runs `alive` on the worker's thread, for the watchdog: a stuck loop never does.
  void ping(std::function<void()> alive);

 private:
  class Impl;
  explicit Worker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::gateway
