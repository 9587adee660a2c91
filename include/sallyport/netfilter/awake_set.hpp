// AwakeSet: the kernel's set of ports on which somebody here answers, by which the rules know whether to ask (ipset).
//
// Entries end by themselves after the set's own time, so that whoever stops renewing them, killed, hung or halted, is
// soon not asked any more. scripts/sallyport-steering makes the set where iptables/open.rules is in use, and removes
// it. Blocking calls of a netlink message a port; one thread at a time. Needs CAP_NET_ADMIN, with each call.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

class AwakeSet {
 public:
  static Result<AwakeSet> open();
  AwakeSet(AwakeSet&&) noexcept;
  AwakeSet& operator=(AwakeSet&&) noexcept;
  ~AwakeSet();

  // Whether there is a set: whether rules ask.
  [[nodiscard]] Result<bool> exists() const;
  // Each of these ports is answered for, from now on for as long as the set's entries last. A port that the rules do
  // not know is passed over; no set at all is no error.
  [[nodiscard]] Result<void> renew(std::span<const std::uint16_t> ports) const;
  // No port is, at once.
  [[nodiscard]] Result<void> clear() const;

 private:
  struct State;
  explicit AwakeSet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::netfilter
