// The policy routes that TPROXY needs: packets with our mark are delivered to this machine, whatever their
// destination. One rule (mark → table) and one route (local default dev lo) for each address family.
//
// In IPv4 two more rules stand around it, by which the kernel's question whether a packet came by the right interface
// (RFC 3704) passes by that table: where net.ipv4.conf.*.src_valid_mark is 1, as VPNs set it, the question carries the
// packet's mark, and the table would answer that every source is this machine. The question has iif lo,
// which no packet from a network has. So that setting may be what it likes.
//
// Blocking calls of a few rtnetlink messages; any thread. Putting up and taking down need CAP_NET_ADMIN.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>

#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

// One bit of the mark is ours; the others stay what the admin's own rules make of them.
struct PolicyRoutes {
  std::uint32_t mark = 0x01000000;
  std::uint32_t mask = 0x01000000;
  std::uint32_t table = 443;
  std::uint32_t priority = 443;  // before the main table, and before what VPN and multi-uplink tools add; the two rules
                                 // of reverse paths have the numbers on both sides of it
};

struct FamilyRoutes {
  bool available = true;  // false: the kernel runs without this family
  bool rule = false;
  bool route = false;
  bool past_table = false;  // reverse paths are looked up past our table; IPv6 asks no such question
  bool landing = false;     // where they go on
  bool needs_past_table = false;

  [[nodiscard]] bool complete() const {
    return !available || (rule && route && (!needs_past_table || (past_table && landing)));
  }
  [[nodiscard]] bool absent() const { return !rule && !route && !past_table && !landing; }
};

struct PolicyRoutesState {
  FamilyRoutes v4;
  FamilyRoutes v6;

  [[nodiscard]] bool complete() const { return v4.complete() && v6.complete(); }
  [[nodiscard]] bool absent() const { return v4.absent() && v6.absent(); }
};

[[nodiscard]] Result<PolicyRoutesState> check_policy_routes(const PolicyRoutes& routes);

// Adds what is missing and leaves alone what is there. A family that the kernel lacks is passed over.
[[nodiscard]] Result<void> put_up_policy_routes(const PolicyRoutes& routes);

// Removes all that matches, doubled rules too. Nothing there is no error.
[[nodiscard]] Result<void> take_down_policy_routes(const PolicyRoutes& routes);

// The hidden command `sallyport policy-routes up|down|status|show`, `arguments` being what follows its name.
// `show` prints MARK, MASK, TABLE and PRIORITY as KEY=VALUE lines for the steering script. Exit status: 0;
// 1 the kernel refused; 3 `status` found something missing; 64 wrong usage.
int run_policy_routes(std::span<const std::string> arguments, std::ostream& out, std::ostream& err);

}  // namespace sallyport::netfilter
