// QuicGuard: judges the QUIC flows that LAN clients begin, by the same policy as their TCP connections.
//
// The kernel hands it UDP packets of unknown flows (netfilter::PacketQueue). A name that would be opened or refused is
// answered with port unreachable, so that the client comes by TCP, where the verdict is carried out; one that is passed
// through flies once its address has proved the name over TCP, and the kernel knows the flow from then on. With
// [gateway] when_stopped = open the kernel asks only for as long as this guard lets it know that somebody answers. It
// has a thread of its own, held to half a core. Made, owned and called by daemon/, on main's thread; what it is given
// outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "sallyport/base/result.hpp"
#include "sallyport/gateway/configuration.hpp"
#include "sallyport/gateway/learnt.hpp"
#include "sallyport/gateway/metrics.hpp"
#include "sallyport/record/recorder.hpp"

namespace sallyport::gateway {

// The guard's thread alone adds; any thread may read.
struct QuicCounters {
  Counter passed;    // flows, those whose hello could be read
  Counter rejected;  // the same
  Counter unreadable;
  Counter packets;     // that were looked at
  Counter unrecorded;  // flows of which nothing was written down, since there were too many at a time
  Counter overruns;    // times at which the kernel had to do without the guard: packets came too fast
};

class QuicGuard {
 public:
  // Errors: system (OpenSSL, or a socket that nobody may be refused).
  static Result<std::unique_ptr<QuicGuard>> create(const record::Recorder& recorder, std::shared_ptr<Learnt> learnt);
  // Ends the thread. The kernel then drops what would need a verdict, or passes it on with when_stopped = open. One
  // that hangs is waited for two seconds, and takes the process along then.
  ~QuicGuard();
  QuicGuard(const QuicGuard&) = delete;
  QuicGuard& operator=(const QuicGuard&) = delete;

  // Signals the caller has blocked stay blocked in the thread.
  void start();
  // At start, and when a reload took place: flows that were passed by the old configuration are judged anew with their
  // next packet. Returns once it is in use, or after ten seconds.
  void configure(ConfigurationPtr configuration);
  // `alive` is called on the guard's thread with its next turn, which comes at once.
  void ping(std::function<void()> alive);
  // Any thread.
  [[nodiscard]] const QuicCounters& counters() const;

 private:
  class Impl;
  explicit QuicGuard(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::gateway
