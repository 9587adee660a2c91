#include "sallyport/netfilter/kernel_changes.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

#include <utility>

#include "netlink.hpp"

namespace sallyport::netfilter {
namespace {

Result<SocketPtr> routing_changes() {
  Result<SocketPtr> socket = open_route_socket();
  if (!socket) return socket;
  int code =
      nl_socket_add_memberships(socket->get(), RTNLGRP_LINK, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_ROUTE,
                                RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, RTNLGRP_NONE);
  if (code >= 0) code = nl_socket_set_nonblocking(socket->get());
  if (code < 0) return std::unexpected(netlink_error("subscribing to routing changes", code));
  return socket;
}

// Nothing where the kernel does not tell: whoever watches has to look from time to time as well.
SocketPtr rule_changes() {
  SocketPtr socket(nl_socket_alloc());
  if (!socket || nl_connect(socket.get(), NETLINK_NETFILTER) < 0) return nullptr;
  if (nl_socket_add_memberships(socket.get(), NFNLGRP_NFTABLES, NFNLGRP_NONE) < 0) return nullptr;
  return nl_socket_set_nonblocking(socket.get()) < 0 ? nullptr : std::move(socket);
}

Changes meaning_of(nlmsghdr* message, std::uint32_t table) {
  switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return {.links = true};
    case RTM_NEWRULE:
    case RTM_DELRULE:
      return {.routes = true};
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return {.routes = table_of_route(message) == table};
    case RTM_NEWNETCONF:
      return {.settings = true};
    default:
      return {};
  }
}

// Elements of sets come and go with the traffic; they are no rules.
bool is_rule_change(const nlmsghdr* message) {
  if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES) return false;
  switch (NFNL_MSG_TYPE(message->nlmsg_type)) {
    case NFT_MSG_NEWTABLE:
    case NFT_MSG_DELTABLE:
    case NFT_MSG_NEWCHAIN:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
      return true;
    default:
      return false;
  }
}

}  // namespace

Changes& Changes::operator|=(const Changes& other) {
  links = links || other.links;
  routes = routes || other.routes;
  settings = settings || other.settings;
  rules = rules || other.rules;
  return *this;
}

struct KernelChanges::State {
  std::uint32_t table = 0;
  SocketPtr routing;
  SocketPtr rules;
};

KernelChanges::KernelChanges(std::unique_ptr<State> state) : state_(std::move(state)) {}
KernelChanges::KernelChanges(KernelChanges&&) noexcept = default;
KernelChanges& KernelChanges::operator=(KernelChanges&&) noexcept = default;
KernelChanges::~KernelChanges() = default;

Result<KernelChanges> KernelChanges::open(std::uint32_t table) {
  Result<SocketPtr> routing = routing_changes();
  if (!routing) return std::unexpected(routing.error());
  return KernelChanges(std::make_unique<State>(table, std::move(*routing), rule_changes()));
}

int KernelChanges::routing_fd() const { return nl_socket_get_fd(state_->routing.get()); }

int KernelChanges::rules_fd() const { return state_->rules ? nl_socket_get_fd(state_->rules.get()) : -1; }

Result<Changes> KernelChanges::read() {
  Changes changes;
  Result<bool> left_out = read_notifications(state_->routing.get(),
                                             [&](nlmsghdr* message) { changes |= meaning_of(message, state_->table); });
  if (!left_out) return std::unexpected(left_out.error());
  if (*left_out) changes |= {.links = true, .routes = true, .settings = true};
  if (state_->rules == nullptr) return changes;
  left_out = read_notifications(state_->rules.get(),
                                [&](nlmsghdr* message) { changes.rules = changes.rules || is_rule_change(message); });
  if (!left_out) return std::unexpected(left_out.error());
  changes.rules = changes.rules || *left_out;
  return changes;
}

}  // namespace sallyport::netfilter
