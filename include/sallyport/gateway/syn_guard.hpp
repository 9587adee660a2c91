// SynGuard: says of each TCP connection that a LAN client begins whether it is taken or left alone, before it begins.
//
// The kernel asks where its rules are those of [gateway] when_stopped = open (iptables/open.rules), and only for as
// long as this guard lets it know that somebody answers: it renews that a few times a second, while its own thread runs
// and every worker's loop turns. Where nobody does, by whatever cause, connections pass unseen, and are asked for again
// as soon as it goes on. The answer rests on the client's address alone: an address learnt from a name carries other
// names too. It has a thread of its own. Made, owned and called by daemon/, on main's thread; what it is given outlives
// it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "sallyport/base/counter.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/gateway/configuration.hpp"
#include "sallyport/gateway/roll_call.hpp"
#include "sallyport/record/recorder.hpp"

namespace sallyport::gateway {

// The guard's thread alone adds; any thread may read.
struct SynCounters {
  Counter taken;       // SYNs of connections that come to the daemon
  Counter left_alone;  // of clients that are not opened
  Counter unrecorded;  // among those, what was not written down, since there were too many at a time
  Counter overruns;    // times at which SYNs passed unseen because they came too fast
  Counter absences;    // times at which a worker's silence made the guard stop answering
};

class SynGuard {
 public:
  // `ask_workers`: by which the guard learns whether all of them are there. Errors: system.
  static Result<std::unique_ptr<SynGuard>> create(const record::Recorder& recorder, std::size_t workers,
                                                  RollCall::Ask ask_workers);
  // As stop(); a thread that hangs takes the process along, here and now.
  ~SynGuard();
  SynGuard(const SynGuard&) = delete;
  SynGuard& operator=(const SynGuard&) = delete;

  // Signals the caller has blocked stay blocked in the thread.
  void start();
  // At start, and when a reload took place. Returns once it is in use, or after ten seconds.
  void configure(ConfigurationPtr configuration);
  // `alive` is called on the guard's thread with its next turn, which comes at once; here and now where it has ended.
  void ping(std::function<void()> alive);
  // Ends the thread: the kernel asks no more, and what has been waiting for an answer passes. One that hangs
  // is waited for two seconds. To be called before the listeners close.
  void stop();
  // Any thread.
  [[nodiscard]] const SynCounters& counters() const;

 private:
  class Impl;
  explicit SynGuard(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::gateway
