// Captures: those that run on one worker. The worker's thread.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "sallyport/gateway/capture.hpp"

namespace sallyport::gateway {

struct ActiveCapture {
  CaptureOrder order;
  bool ended = false;
};
using ActiveCapturePtr = std::shared_ptr<ActiveCapture>;

class Captures {
 public:
  void begin(CaptureOrder order);
  void end(std::uint64_t id);
  [[nodiscard]] bool any() const { return !active_.empty(); }
  // Whether a connection of this client may turn out to be wanted.
  [[nodiscard]] bool may_want(const IpAddress& client) const;
  // The one that wants what this client says with this name; null: none does.
  [[nodiscard]] ActiveCapturePtr find(const IpAddress& client, std::string_view name) const;

 private:
  std::vector<ActiveCapturePtr> active_;
};

}  // namespace sallyport::gateway
