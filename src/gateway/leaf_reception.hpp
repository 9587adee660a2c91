// What a client made of the leaf it was shown: took it, refused it, or gave up its encrypted name.
//
// A value in the frame of the layer that shows the leaf; one worker's thread.
#pragma once

#include <optional>

#include "sallyport/io/event_loop.hpp"
#include "sallyport/tls/tls_stream.hpp"

#include "session.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

// How a TLS session with a client ended, as far as it tells of the leaf.
struct LeafEnd {
  bool shown = false;             // or a session resumed that began with it
  bool used = false;              // the client asked for something under it
  bool left = false;              // it was the client that ended it
  int alert = -1;                 // the fatal alert it sent (RFC 8446 §6); -1: none
  std::chrono::seconds after{0};  // between the leaf and the end
};

// Whether the client refused the leaf: by one of the alerts that say so, or by leaving at once after it was shown.
[[nodiscard]] bool is_refusal(const LeafEnd& end);

class LeafReception {
 public:
  LeafReception(WorkerContext& worker, const Session& session) : worker_(worker), session_(session) {}

  // The leaf is on its way, or a session was resumed instead: a program that looks at certificates by itself finds the
  // same one in it.
  void shown() { shown_at_ = worker_.loop.now(); }
  // The client asked for something. `hold`: [pinning] learn_seconds.
  void used(std::chrono::seconds hold);
  // To be called when the TLS session is over. Counts a refusal, says so in the log where it makes a pinned client, and
  // notes a failed ECH attempt. Gives what the connection's log line has to tell; without an error where all was well.
  [[nodiscard]] record::ExchangeRecord judge(const tls::TlsStream& client, bool offers_ech,
                                             const Configuration& configuration);

 private:
  void announce(unsigned refusals, bool offers_ech, const Configuration& configuration) const;

  WorkerContext& worker_;
  const Session& session_;
  std::optional<io::TimePoint> shown_at_;
  bool used_ = false;
};

}  // namespace sallyport::gateway
