#include "sallyport/netfilter/routing_rules.hpp"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <new>

#include <netlink/errno.h>

#include "netlink.hpp"

namespace sallyport::netfilter {
namespace {

constexpr std::array families = {AF_INET, AF_INET6};

std::string hex(std::uint32_t number) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%x", number);
  return text.data();
}

std::string interface_name(std::uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(index, name.data()) == nullptr ? std::string() : std::string(name.data());
}

std::optional<RoutingRule> rule_of(nlmsghdr* message, int family) {
  std::array<nlattr*, FRA_MAX + 1> attributes{};
  if (message->nlmsg_type != RTM_NEWRULE) return std::nullopt;
  if (nlmsg_parse(message, sizeof(fib_rule_hdr), attributes.data(), FRA_MAX, nullptr) < 0) return std::nullopt;
  const auto* header = static_cast<const fib_rule_hdr*>(nlmsg_data(message));
  if (header->family != family) return std::nullopt;
  RoutingRule rule{.v4 = family == AF_INET};
  rule.priority = number_in(attributes[FRA_PRIORITY]);
  rule.mark = number_in(attributes[FRA_FWMARK]);
  // A rule on a mark without a mask wants all of it; mark 0 without a mask is no condition.
  rule.mask = attributes[FRA_FWMASK] != nullptr ? number_in(attributes[FRA_FWMASK]) : rule.mark != 0 ? 0xffffffff : 0;
  rule.table = attributes[FRA_TABLE] != nullptr ? number_in(attributes[FRA_TABLE]) : header->table;
  rule.inverted = (header->flags & FIB_RULE_INVERT) != 0;
  constexpr std::array conditions = {FRA_SRC,      FRA_DST,         FRA_IIFNAME,     FRA_OIFNAME, FRA_UID_RANGE,
                                     FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE, FRA_L3MDEV,  FRA_TUN_ID};
  rule.selective = header->tos != 0 || std::ranges::any_of(conditions, [&](int one) {
                     return attributes[static_cast<std::size_t>(one)] != nullptr;
                   });
  return rule;
}

Result<void> dump_rules(nl_sock* socket, int family, std::vector<RoutingRule>& rules) {
  return dump(socket, rule_dump_request(family).get(), [&](nlmsghdr* message) {
    if (const std::optional<RoutingRule> rule = rule_of(message, family)) rules.push_back(*rule);
  });
}

std::optional<TableRoute> route_of(nlmsghdr* message, int family, std::uint32_t table) {
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  if (message->nlmsg_type != RTM_NEWROUTE) return std::nullopt;
  if (nlmsg_parse(message, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) return std::nullopt;
  const auto* header = static_cast<const rtmsg*>(nlmsg_data(message));
  const std::uint32_t found = attributes[RTA_TABLE] != nullptr ? number_in(attributes[RTA_TABLE]) : header->rtm_table;
  if (header->rtm_family != family || found != table) return std::nullopt;
  TableRoute route{.v4 = family == AF_INET, .destination = {}, .local = header->rtm_type == RTN_LOCAL};
  const std::optional<IpAddress> address = address_of(attributes[RTA_DST], family);
  if (address && header->rtm_dst_len > 0) route.destination = Prefix::of(*address, header->rtm_dst_len);
  return route;
}

FoundRoute found_route(nlmsghdr* message) {
  FoundRoute found;
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  if (nlmsg_parse(message, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) return found;
  const auto* header = static_cast<const rtmsg*>(nlmsg_data(message));
  found.prefix_length = header->rtm_dst_len;
  found.local = header->rtm_type == RTN_LOCAL || header->rtm_type == RTN_BROADCAST;
  found.interface = interface_name(number_in(attributes[RTA_OIF]));
  return found;
}

}  // namespace

std::string RoutingRule::to_string() const {
  std::string text = std::to_string(priority) + ": from all";
  if (inverted) text = std::to_string(priority) + ": not from all";
  if (mask != 0) text += " fwmark " + hex(mark) + (mask == 0xffffffff ? "" : "/" + hex(mask));
  return table == 0 ? text : text + " lookup " + std::to_string(table);
}

Result<std::vector<RoutingRule>> routing_rules() {
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::unexpected(socket.error());
  std::vector<RoutingRule> rules;
  for (const int family : families) {
    const Result<void> done = dump_rules(socket->get(), family, rules);
    if (!done && done.error().kind != ErrorKind::unsupported) return std::unexpected(done.error());
  }
  return rules;
}

Result<std::vector<TableRoute>> routes_of_table(std::uint32_t table) {
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::unexpected(socket.error());
  std::vector<TableRoute> routes;
  for (const int family : families) {
    const Result<void> done = dump(socket->get(), route_dump_request(family, table, 0).get(), [&](nlmsghdr* message) {
      if (const std::optional<TableRoute> route = route_of(message, family, table)) routes.push_back(*route);
    });
    if (!done && done.error().kind != ErrorKind::unsupported) return std::unexpected(done.error());
  }
  return routes;
}

Result<std::optional<FoundRoute>> route_to(const IpAddress& destination) {
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::unexpected(socket.error());
  const MessagePtr request(nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST));
  if (!request) throw std::bad_alloc();
  rtmsg header{};
  header.rtm_family = static_cast<unsigned char>(destination.family());
  header.rtm_dst_len = static_cast<unsigned char>(destination.size() * 8);
  header.rtm_flags = RTM_F_FIB_MATCH;  // the route itself, and not what comes of it for this one address
  nlmsg_append(request.get(), &header, sizeof header, NLMSG_ALIGNTO);
  nla_put(request.get(), RTA_DST, static_cast<int>(destination.size()), destination.data());
  std::optional<FoundRoute> found;
  const std::function<void(nlmsghdr*)> take = [&](nlmsghdr* message) {
    if (message->nlmsg_type == RTM_NEWROUTE) found = found_route(message);
  };
  const CallbackPtr callback = callback_for(take);
  nl_socket_disable_auto_ack(socket->get());
  int code = nl_send_auto(socket->get(), request.get());
  if (code >= 0) code = nl_recvmsgs(socket->get(), callback.get());
  // No route is answered with ENETUNREACH, for which libnl has no code of its own.
  if (code < 0 && !found) return std::optional<FoundRoute>();
  return found;
}

}  // namespace sallyport::netfilter
