// libnl's objects with one owner each, and a dump as one call. Private to netfilter.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

template <auto Free>
struct NetlinkFreer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using SocketPtr = std::unique_ptr<nl_sock, NetlinkFreer<nl_socket_free>>;
using MessagePtr = std::unique_ptr<nl_msg, NetlinkFreer<nlmsg_free>>;
using CallbackPtr = std::unique_ptr<nl_cb, NetlinkFreer<nl_cb_put>>;
using AddressPtr = std::unique_ptr<nl_addr, NetlinkFreer<nl_addr_put>>;

// An Error from one of libnl's negative codes.
[[nodiscard]] Error netlink_error(std::string_view doing, int code);

// A connected NETLINK_ROUTE socket on which the kernel filters dumps where it can (Linux 4.20).
[[nodiscard]] Result<SocketPtr> open_route_socket();

// Calls `each` for every message received with it; `each` must outlive it.
[[nodiscard]] CallbackPtr callback_for(const std::function<void(nlmsghdr*)>& each);

// Sends a dump request and calls `each` for every message of the answer. A dump that the kernel interrupted,
// because what it lists changed meanwhile, is asked for again; `each` must bear seeing a message twice. A
// table that does not exist is an empty answer.
[[nodiscard]] Result<void> dump(nl_sock* socket, nl_msg* request, const std::function<void(nlmsghdr*)>& each);

// Calls `each` for every notification that waits on a non-blocking socket; whether the kernel had to leave some out, so
// that what they would have said must be read from the state itself.
[[nodiscard]] Result<bool> read_notifications(nl_sock* socket, const std::function<void(nlmsghdr*)>& each);

// The request for the routes of `family`, of one table and through one interface where these are given.
// Older kernels ignore the filters: look at the answers too.
[[nodiscard]] MessagePtr route_dump_request(int family, std::optional<std::uint32_t> table, int interface_index);

// The request for the routing rules of `family`.
[[nodiscard]] MessagePtr rule_dump_request(int family);

// 0 where there is none.
[[nodiscard]] std::uint32_t number_in(const nlattr* attribute);

// The table of the route that an RTM_NEWROUTE or RTM_DELROUTE message tells of.
[[nodiscard]] std::optional<std::uint32_t> table_of_route(nlmsghdr* message);

// nullopt if the attribute is not an address of `family`.
[[nodiscard]] std::optional<IpAddress> address_of(const nlattr* attribute, int family);

}  // namespace sallyport::netfilter
