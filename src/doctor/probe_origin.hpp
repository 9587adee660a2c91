// ProbeOrigin: the origin of the probe: notes who comes and what they ask for in the clear, and declines.
//
// Runs on a thread of its own until it goes; seen() may be called from any. It has no certificate anybody would
// believe, so it does what origins without a fitting one do: it answers a ClientHello with the alert handshake_failure.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::doctor {

class ProbeOrigin {
 public:
  struct Seen {
    std::optional<Endpoint> peer;  // none: nobody has come
    std::string name;              // the SNI of its ClientHello, once that was there
  };

  // `listener`: bound, listening, non-blocking.
  explicit ProbeOrigin(UniqueFd listener);

  // Of the connection that came last.
  [[nodiscard]] Seen seen() const;

 private:
  void serve(const std::stop_token& stop);
  void serve_one(const std::stop_token& stop, UniqueFd connection);

  UniqueFd listener_;
  mutable std::mutex mutex_;
  Seen seen_;  // protected by mutex_
  std::jthread thread_;
};

}  // namespace sallyport::doctor
