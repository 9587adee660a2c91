// AwakeSet: a set of the kernel's of the ports on which somebody here answers, by which the rules know whether to ask
// (ipset).
//
// Entries end by themselves after the set's own time, so that whoever stops renewing them, killed, hung or halted, is
// soon not asked any more. There is one for each who answers, so that who hangs takes nobody else along.
// scripts/sallyport-steering makes the sets where when_stopped is open, and removes them. Blocking calls of a netlink
// message a port; one thread at a time. Needs CAP_NET_ADMIN, with each call.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

class AwakeSet {
 public:
  // As scripts/sallyport-steering calls them: of iptables/open.rules, and of iptables/quic.rules.
  static constexpr const char* of_connections = "sallyport-awake";
  static constexpr const char* of_quic = "sallyport-awake-quic";

  static Result<AwakeSet> open(std::string name);
  AwakeSet(AwakeSet&&) noexcept;
  AwakeSet& operator=(AwakeSet&&) noexcept;
  ~AwakeSet();

  // Whether there is a set: whether rules ask.
  [[nodiscard]] Result<bool> exists() const;
  // Each of these ports is answered for, from now on for as long as the set's entries last; false: there is no set, or
  // no port. One that the rules do not know is passed over.
  [[nodiscard]] Result<bool> renew(std::span<const std::uint16_t> ports) const;
  // No port is, at once.
  [[nodiscard]] Result<void> clear() const;

 private:
  struct State;
  explicit AwakeSet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::netfilter
