#include "sallyport/netfilter/policy_routing.hpp"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include <netlink/errno.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/route/rule.h>

#include "sallyport/base/unique_fd.hpp"

#include "netlink.hpp"

namespace sallyport::netfilter {
namespace {

using RulePtr = std::unique_ptr<rtnl_rule, NetlinkFreer<rtnl_rule_put>>;
using RoutePtr = std::unique_ptr<rtnl_route, NetlinkFreer<rtnl_route_put>>;

constexpr std::array families = {AF_INET, AF_INET6};
constexpr int most_removals = 64;  // of doubled rules; a bound for a loop that another program could feed

const char* name_of_family(int family) { return family == AF_INET ? "IPv4" : "IPv6"; }

// Our rules, by what they do; in the order in which the kernel comes to them.
enum class Rule : std::uint8_t { past_table, to_table, landing };

std::uint32_t priority_of(Rule which, const PolicyRoutes& routes) {
  switch (which) {
    case Rule::past_table:
      return routes.priority - 1;
    case Rule::to_table:
      return routes.priority;
    case Rule::landing:
      return routes.priority + 1;
  }
  std::abort();
}

RulePtr make_rule(int family, Rule which, const PolicyRoutes& routes) {
  RulePtr rule(rtnl_rule_alloc());
  if (!rule) throw std::bad_alloc();
  rtnl_rule_set_family(rule.get(), family);
  rtnl_rule_set_prio(rule.get(), priority_of(which, routes));
  if (which == Rule::landing) {
    rtnl_rule_set_action(rule.get(), FR_ACT_NOP);
    return rule;
  }
  rtnl_rule_set_mark(rule.get(), routes.mark);
  rtnl_rule_set_mask(rule.get(), routes.mask);
  if (which == Rule::past_table) {
    rtnl_rule_set_action(rule.get(), FR_ACT_GOTO);
    rtnl_rule_set_goto(rule.get(), priority_of(Rule::landing, routes));
    rtnl_rule_set_iif(rule.get(), "lo");
  } else {
    rtnl_rule_set_action(rule.get(), FR_ACT_TO_TBL);
    rtnl_rule_set_table(rule.get(), routes.table);
  }
  return rule;
}

// local default dev lo: whatever is looked up in this table is delivered to this machine.
Result<RoutePtr> make_route(int family, const PolicyRoutes& routes) {
  const unsigned loopback = if_nametoindex("lo");
  if (loopback == 0) return fail(ErrorKind::system, "there is no interface lo");
  RoutePtr route(rtnl_route_alloc());
  const std::array<std::uint8_t, 16> zeros{};
  const AddressPtr everywhere(nl_addr_build(family, zeros.data(), family == AF_INET ? 4 : 16));
  rtnl_nexthop* hop = rtnl_route_nh_alloc();
  if (!route || !everywhere || hop == nullptr) throw std::bad_alloc();
  nl_addr_set_prefixlen(everywhere.get(), 0);
  rtnl_route_nh_set_ifindex(hop, static_cast<int>(loopback));
  rtnl_route_add_nexthop(route.get(), hop);  // which now owns it
  rtnl_route_set_family(route.get(), static_cast<std::uint8_t>(family));
  rtnl_route_set_type(route.get(), RTN_LOCAL);
  rtnl_route_set_scope(route.get(), RT_SCOPE_HOST);
  rtnl_route_set_protocol(route.get(), RTPROT_STATIC);
  rtnl_route_set_table(route.get(), routes.table);
  rtnl_route_set_dst(route.get(), everywhere.get());
  return route;
}

bool is_our_rule(nlmsghdr* message, int family, Rule which, const PolicyRoutes& routes) {
  std::array<nlattr*, FRA_MAX + 1> attributes{};
  if (message->nlmsg_type != RTM_NEWRULE) return false;
  if (nlmsg_parse(message, sizeof(fib_rule_hdr), attributes.data(), FRA_MAX, nullptr) < 0) return false;
  const auto* header = static_cast<const fib_rule_hdr*>(nlmsg_data(message));
  if (header->family != family || number_in(attributes[FRA_PRIORITY]) != priority_of(which, routes)) return false;
  if (which == Rule::landing) return header->action == FR_ACT_NOP;
  if (number_in(attributes[FRA_FWMARK]) != routes.mark || number_in(attributes[FRA_FWMASK]) != routes.mask)
    return false;
  if (which == Rule::past_table) {
    return header->action == FR_ACT_GOTO && number_in(attributes[FRA_GOTO]) == priority_of(Rule::landing, routes);
  }
  return number_in(attributes[FRA_TABLE]) == routes.table;
}

Result<void> find_rules(nl_sock* socket, int family, const PolicyRoutes& routes, FamilyRoutes& state) {
  return dump(socket, rule_dump_request(family).get(), [&](nlmsghdr* message) {
    state.rule = state.rule || is_our_rule(message, family, Rule::to_table, routes);
    if (!state.needs_past_table) return;
    state.past_table = state.past_table || is_our_rule(message, family, Rule::past_table, routes);
    state.landing = state.landing || is_our_rule(message, family, Rule::landing, routes);
  });
}

Result<bool> has_route(nl_sock* socket, int family, const PolicyRoutes& routes) {
  bool found = false;
  const MessagePtr request = route_dump_request(family, routes.table, 0);
  const Result<void> done = dump(socket, request.get(), [&](nlmsghdr* message) {
    rtnl_route* parsed = nullptr;
    if (rtnl_route_parse(message, &parsed) < 0) return;
    const RoutePtr route(parsed);
    nl_addr* destination = rtnl_route_get_dst(parsed);
    found = found || (rtnl_route_get_family(parsed) == family && rtnl_route_get_table(parsed) == routes.table &&
                      rtnl_route_get_type(parsed) == RTN_LOCAL &&
                      (destination == nullptr || nl_addr_get_prefixlen(destination) == 0));
  });
  if (!done) return std::unexpected(done.error());
  return found;
}

// A kernel without the family answers such requests with "not supported"; so does one that boots with
// ipv6.disable=1.
bool means_no_family(int code) { return code == -NLE_AF_NOSUPPORT || code == -NLE_OPNOTSUPP; }

bool family_available(int family) {
  const UniqueFd probe(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return static_cast<bool>(probe);
}

Result<FamilyRoutes> check_family(nl_sock* socket, int family, const PolicyRoutes& routes) {
  FamilyRoutes state;
  state.available = family_available(family);
  state.needs_past_table = family == AF_INET;
  if (!state.available) return state;
  if (const Result<void> done = find_rules(socket, family, routes, state); !done) return std::unexpected(done.error());
  const Result<bool> route = has_route(socket, family, routes);
  if (!route) return std::unexpected(route.error());
  state.route = *route;
  return state;
}

Result<void> add_rule(nl_sock* socket, int family, Rule which, const PolicyRoutes& routes) {
  const int code = rtnl_rule_add(socket, make_rule(family, which, routes).get(), NLM_F_CREATE | NLM_F_EXCL);
  if (code >= 0 || code == -NLE_EXIST) return {};
  return std::unexpected(netlink_error(std::string("adding the ") + name_of_family(family) + " policy rule", code));
}

Result<void> put_up_family(nl_sock* socket, int family, const PolicyRoutes& routes) {
  const Result<FamilyRoutes> state = check_family(socket, family, routes);
  if (!state) return std::unexpected(state.error());
  if (state->complete()) return {};
  // The route first: a rule that finds an empty table would send marked packets on to the main table.
  if (!state->route) {
    const Result<RoutePtr> route = make_route(family, routes);
    if (!route) return std::unexpected(route.error());
    const int code = rtnl_route_add(socket, route->get(), NLM_F_CREATE | NLM_F_EXCL);
    if (means_no_family(code)) return {};
    if (code < 0 && code != -NLE_EXIST) {
      return std::unexpected(
          netlink_error(std::string("adding the ") + name_of_family(family) + " policy route", code));
    }
  }
  Result<void> done;
  if (state->needs_past_table && !state->landing) done = add_rule(socket, family, Rule::landing, routes);
  if (done && state->needs_past_table && !state->past_table) done = add_rule(socket, family, Rule::past_table, routes);
  if (done && !state->rule) done = add_rule(socket, family, Rule::to_table, routes);
  return done;
}

Result<void> take_down_family(nl_sock* socket, int family, const PolicyRoutes& routes) {
  const std::string doing = std::string("removing the ") + name_of_family(family) + " policy ";
  for (int removal = 0; removal < most_removals; ++removal) {
    const Result<FamilyRoutes> state = check_family(socket, family, routes);
    if (!state) return std::unexpected(state.error());
    if (state->absent()) return {};
    const std::array<std::pair<bool, Rule>, 3> rules{
        {{state->rule, Rule::to_table}, {state->past_table, Rule::past_table}, {state->landing, Rule::landing}}};
    for (const auto& [there, which] : rules) {
      const int code = there ? rtnl_rule_delete(socket, make_rule(family, which, routes).get(), 0) : 0;
      if (code < 0) return std::unexpected(netlink_error(doing + "rule", code));
    }
    if (state->route) {
      const Result<RoutePtr> route = make_route(family, routes);
      if (!route) return std::unexpected(route.error());
      const int code = rtnl_route_delete(socket, route->get(), 0);
      if (code < 0) return std::unexpected(netlink_error(doing + "route", code));
    }
  }
  return fail(ErrorKind::system, doing + "routes: they come back as fast as they are removed");
}

template <typename PerFamily>
Result<void> for_each_family(PerFamily per_family) {
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::unexpected(socket.error());
  for (const int family : families) {
    if (Result<void> done = per_family(socket->get(), family); !done) return done;
  }
  return {};
}

}  // namespace

Result<PolicyRoutesState> check_policy_routes(const PolicyRoutes& routes) {
  PolicyRoutesState state;
  const Result<void> done = for_each_family([&](nl_sock* socket, int family) -> Result<void> {
    const Result<FamilyRoutes> found = check_family(socket, family, routes);
    if (!found) return std::unexpected(found.error());
    (family == AF_INET ? state.v4 : state.v6) = *found;
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return state;
}

Result<void> put_up_policy_routes(const PolicyRoutes& routes) {
  return for_each_family([&](nl_sock* socket, int family) { return put_up_family(socket, family, routes); });
}

Result<void> take_down_policy_routes(const PolicyRoutes& routes) {
  return for_each_family([&](nl_sock* socket, int family) { return take_down_family(socket, family, routes); });
}

}  // namespace sallyport::netfilter
