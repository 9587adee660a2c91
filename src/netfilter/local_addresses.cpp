#include "sallyport/netfilter/local_addresses.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "sallyport/netfilter/probe_interface.hpp"

#include "netlink.hpp"

namespace sallyport::netfilter {
namespace {

constexpr std::array families = {AF_INET, AF_INET6};

struct Route {
  std::uint32_t table;
  int type;
  Prefix destination;
  std::vector<int> interfaces;
};

void add_multipath(const nlattr* attribute, std::vector<int>& interfaces) {
  int left = nla_len(attribute);
  const auto* hop = static_cast<const rtnexthop*>(nla_data(attribute));
  while (RTNH_OK(hop, left)) {
    interfaces.push_back(hop->rtnh_ifindex);
    left -= static_cast<int>(RTNH_ALIGN(hop->rtnh_len));
    hop = RTNH_NEXT(hop);
  }
}

std::optional<Route> route_of(nlmsghdr* message) {
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  if (message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE) return std::nullopt;
  if (nlmsg_parse(message, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) return std::nullopt;
  const auto* header = static_cast<const rtmsg*>(nlmsg_data(message));
  if (header->rtm_family != AF_INET && header->rtm_family != AF_INET6) return std::nullopt;

  const IpAddress any = header->rtm_family == AF_INET ? IpAddress::v4({}) : IpAddress::v6({});
  const std::optional<Prefix> destination =
      Prefix::of(address_of(attributes[RTA_DST], header->rtm_family).value_or(any), header->rtm_dst_len);
  if (!destination) return std::nullopt;
  Route route{.table = table_of_route(message).value_or(header->rtm_table),
              .type = header->rtm_type,
              .destination = *destination,
              .interfaces = {}};
  if (attributes[RTA_OIF] != nullptr) route.interfaces.push_back(static_cast<int>(nla_get_u32(attributes[RTA_OIF])));
  if (attributes[RTA_MULTIPATH] != nullptr) add_multipath(attributes[RTA_MULTIPATH], route.interfaces);
  return route;
}

MessagePtr address_dump_request() {
  MessagePtr request(nlmsg_alloc_simple(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP));
  if (!request) throw std::bad_alloc();
  const ifaddrmsg header{};
  nlmsg_append(request.get(), const_cast<ifaddrmsg*>(&header), sizeof header, NLMSG_ALIGNTO);  // NOLINT
  return request;
}

// What one refresh gathers before it becomes a snapshot.
struct Gathered {
  std::vector<int> lan;  // interface indexes
  std::vector<Prefix> own;
  std::vector<LinkPrefix> on_link;
  std::vector<Prefix> behind_lan;

  [[nodiscard]] bool is_lan(int interface_index) const {
    return std::find(lan.begin(), lan.end(), interface_index) != lan.end();
  }
  void add_address(nlmsghdr* message);
  void add_local_route(nlmsghdr* message);
  void add_lan_route(nlmsghdr* message);
};

void Gathered::add_address(nlmsghdr* message) {
  std::array<nlattr*, IFA_MAX + 1> attributes{};
  if (message->nlmsg_type != RTM_NEWADDR) return;
  if (nlmsg_parse(message, sizeof(ifaddrmsg), attributes.data(), IFA_MAX, nullptr) < 0) return;
  const auto* header = static_cast<const ifaddrmsg*>(nlmsg_data(message));
  // On a point-to-point link IFA_ADDRESS is the far end; where there is no far end both are one.
  const std::optional<IpAddress> address = address_of(attributes[IFA_ADDRESS], header->ifa_family);
  const std::optional<IpAddress> local = address_of(attributes[IFA_LOCAL], header->ifa_family);
  if (!address && !local) return;
  own.push_back(Prefix::of(local ? *local : *address));
  const std::optional<Prefix> link = Prefix::of(address ? *address : *local, header->ifa_prefixlen);
  if (!link) return;
  const int interface_index = static_cast<int>(header->ifa_index);
  on_link.push_back({interface_index, *link});
  if (is_lan(interface_index)) behind_lan.push_back(*link);
}

void Gathered::add_local_route(nlmsghdr* message) {
  const std::optional<Route> route = route_of(message);
  if (!route || route->table != RT_TABLE_LOCAL) return;
  if (route->type == RTN_LOCAL || route->type == RTN_ANYCAST) own.push_back(route->destination);
}

void Gathered::add_lan_route(nlmsghdr* message) {
  const std::optional<Route> route = route_of(message);
  if (!route || route->table == RT_TABLE_LOCAL || route->type != RTN_UNICAST) return;
  if (route->destination.length() == 0 || route->destination.address().is_multicast()) return;
  if (std::any_of(route->interfaces.begin(), route->interfaces.end(), [&](int index) { return is_lan(index); })) {
    behind_lan.push_back(route->destination);
  }
}

}  // namespace

struct LocalAddresses::State {
  std::vector<std::string> lan_interfaces;
  SocketPtr requests;
  SocketPtr changes;
  std::vector<int> lan;  // as of the last refresh
  std::shared_ptr<const AddressSnapshot> snapshot = std::make_shared<const AddressSnapshot>();

  Result<void> subscribe();
  Result<Gathered> gather();
  [[nodiscard]] bool concerns_us(nlmsghdr* message) const;
};

Result<void> LocalAddresses::State::subscribe() {
  int code = nl_socket_add_memberships(changes.get(), RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                       RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_NONE);
  if (code >= 0) code = nl_socket_set_nonblocking(changes.get());
  if (code < 0) return std::unexpected(netlink_error("subscribing to address changes", code));
  return {};
}

Result<Gathered> LocalAddresses::State::gather() {
  Gathered gathered;
  for (const std::string& name : lan_interfaces) {
    if (const unsigned index = if_nametoindex(name.c_str()); index != 0)
      gathered.lan.push_back(static_cast<int>(index));
  }
  Result<void> done =
      dump(requests.get(), address_dump_request().get(), [&](nlmsghdr* message) { gathered.add_address(message); });
  if (!done) return std::unexpected(done.error());
  for (const int family : families) {
    done = dump(requests.get(), route_dump_request(family, RT_TABLE_LOCAL, 0).get(),
                [&](nlmsghdr* message) { gathered.add_local_route(message); });
    if (!done) return std::unexpected(done.error());
    for (const int interface_index : gathered.lan) {
      done = dump(requests.get(), route_dump_request(family, std::nullopt, interface_index).get(),
                  [&](nlmsghdr* message) { gathered.add_lan_route(message); });
      if (!done) return std::unexpected(done.error());
    }
  }
  return gathered;
}

bool LocalAddresses::State::concerns_us(nlmsghdr* message) const {
  const std::optional<Route> route = route_of(message);
  if (!route) return true;
  return route->table == RT_TABLE_LOCAL ||
         std::any_of(route->interfaces.begin(), route->interfaces.end(),
                     [&](int index) { return std::find(lan.begin(), lan.end(), index) != lan.end(); });
}

LocalAddresses::LocalAddresses(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalAddresses::LocalAddresses(LocalAddresses&&) noexcept = default;
LocalAddresses& LocalAddresses::operator=(LocalAddresses&&) noexcept = default;
LocalAddresses::~LocalAddresses() = default;

Result<LocalAddresses> LocalAddresses::open(std::vector<std::string> lan_interfaces) {
  auto state = std::make_unique<State>();
  state->lan_interfaces = std::move(lan_interfaces);
  if (!state->lan_interfaces.empty()) state->lan_interfaces.emplace_back(probe_interface);
  for (SocketPtr* socket : {&state->requests, &state->changes}) {
    Result<SocketPtr> opened = open_route_socket();
    if (!opened) return std::unexpected(opened.error());
    *socket = std::move(*opened);
  }
  // First subscribe, then read: a change in between is seen twice rather than never.
  if (Result<void> done = state->subscribe(); !done) return std::unexpected(done.error());
  LocalAddresses addresses(std::move(state));
  if (Result<void> done = addresses.refresh(); !done) return std::unexpected(done.error());
  return addresses;
}

std::shared_ptr<const AddressSnapshot> LocalAddresses::snapshot() const { return state_->snapshot; }

Result<void> LocalAddresses::refresh() {
  Result<Gathered> gathered = state_->gather();
  if (!gathered) return fail_while("reading the gateway's addresses", gathered.error());
  state_->lan = std::move(gathered->lan);
  AddressSnapshot fresh(gathered->own, std::move(gathered->on_link), std::move(gathered->behind_lan));
  if (fresh != *state_->snapshot) state_->snapshot = std::make_shared<const AddressSnapshot>(std::move(fresh));
  return {};
}

int LocalAddresses::fd() const { return nl_socket_get_fd(state_->changes.get()); }

Result<bool> LocalAddresses::handle_ready() {
  bool changed = false;
  const Result<bool> left_out = read_notifications(
      state_->changes.get(), [&](nlmsghdr* message) { changed = changed || state_->concerns_us(message); });
  if (!left_out) return std::unexpected(left_out.error());
  changed = changed || *left_out;
  if (!changed) return false;
  const std::shared_ptr<const AddressSnapshot> before = state_->snapshot;
  if (Result<void> done = refresh(); !done) return std::unexpected(done.error());
  return state_->snapshot != before;
}

}  // namespace sallyport::netfilter
