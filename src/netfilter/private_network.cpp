#include "sallyport/netfilter/private_network.hpp"

#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <new>
#include <thread>

#include <netlink/errno.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include "netlink.hpp"

namespace sallyport::netfilter {
namespace {

using LinkPtr = std::unique_ptr<rtnl_link, NetlinkFreer<rtnl_link_put>>;
using OwnAddressPtr = std::unique_ptr<rtnl_addr, NetlinkFreer<rtnl_addr_put>>;
using RoutePtr = std::unique_ptr<rtnl_route, NetlinkFreer<rtnl_route_put>>;

Result<void> done_or(std::string_view doing, int code) {
  if (code < 0) return std::unexpected(netlink_error(doing, code));
  return {};
}

AddressPtr address_object(const IpAddress& address, int prefix_length) {
  AddressPtr made(nl_addr_build(address.family(), address.data(), address.size()));
  if (!made) throw std::bad_alloc();
  nl_addr_set_prefixlen(made.get(), prefix_length);
  return made;
}

Result<void> add_address(nl_sock* socket, int index, const IpAddress& address, int prefix_length) {
  const OwnAddressPtr object(rtnl_addr_alloc());
  if (!object) throw std::bad_alloc();
  const AddressPtr local = address_object(address, prefix_length);
  rtnl_addr_set_ifindex(object.get(), index);
  rtnl_addr_set_local(object.get(), local.get());
  // Whether somebody else has it need not be asked first, which would take a second or two (RFC 4862 §5.4).
  if (address.is_v6()) rtnl_addr_set_flags(object.get(), IFA_F_NODAD);
  return done_or("giving an interface its address", rtnl_addr_add(socket, object.get(), NLM_F_EXCL));
}

Result<void> set_up(nl_sock* socket, int index) {
  const LinkPtr which(rtnl_link_alloc());
  const LinkPtr change(rtnl_link_alloc());
  if (!which || !change) throw std::bad_alloc();
  rtnl_link_set_ifindex(which.get(), index);
  rtnl_link_set_flags(change.get(), IFF_UP);
  return done_or("bringing an interface up", rtnl_link_change(socket, which.get(), change.get(), 0));
}

}  // namespace

Result<NetworkNamespace> NetworkNamespace::create() {
  UniqueFd made;
  int code = 0;
  // A thread's namespace is its own: this one makes it and leaves it to us.
  std::thread maker([&] {
    if (::unshare(CLONE_NEWNET) != 0) {
      code = errno;
      return;
    }
    made.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!made) code = errno;
  });
  maker.join();
  if (!made) return std::unexpected(errno_error("a network namespace", code));
  return NetworkNamespace(std::move(made));
}

Result<void> NetworkNamespace::run(const std::function<Result<void>()>& work) const {
  Result<void> outcome;
  std::thread inside([&] {
    if (::setns(fd_.get(), CLONE_NEWNET) != 0) {
      outcome = std::unexpected(errno_error("entering a network namespace", errno));
      return;
    }
    outcome = work();
  });
  inside.join();
  return outcome;
}

Result<void> add_wire(const std::string& here, const NetworkNamespace& far, const std::string& there) {
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::unexpected(socket.error());
  const LinkPtr near_end(rtnl_link_veth_alloc());
  if (!near_end) throw std::bad_alloc();
  rtnl_link_set_name(near_end.get(), here.c_str());
  const LinkPtr far_end(rtnl_link_veth_get_peer(near_end.get()));  // a reference of its own
  rtnl_link_set_name(far_end.get(), there.c_str());
  rtnl_link_set_ns_fd(far_end.get(), far.fd());
  return done_or("adding the interface " + here,
                 rtnl_link_add(socket->get(), near_end.get(), NLM_F_CREATE | NLM_F_EXCL));
}

Result<void> remove_interface(const std::string& name) {
  const int index = static_cast<int>(if_nametoindex(name.c_str()));
  if (index == 0) return {};
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::unexpected(socket.error());
  const LinkPtr which(rtnl_link_alloc());
  if (!which) throw std::bad_alloc();
  rtnl_link_set_ifindex(which.get(), index);
  return done_or("removing the interface " + name, rtnl_link_delete(socket->get(), which.get()));
}

Result<void> bring_up(const std::string& name, const IpAddress& address, int prefix_length) {
  const int index = static_cast<int>(if_nametoindex(name.c_str()));
  if (index == 0) return fail(ErrorKind::system, "there is no interface " + name);
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::unexpected(socket.error());
  if (Result<void> done = add_address(socket->get(), index, address, prefix_length); !done) return done;
  return set_up(socket->get(), index);
}

Result<void> wait_for_carrier(const std::string& name) {
  constexpr int most_looks = 200;
  const int up = rtnl_link_str2operstate("up");
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::unexpected(socket.error());
  for (int look = 0; look < most_looks; ++look) {
    rtnl_link* found = nullptr;
    const int code = rtnl_link_get_kernel(socket->get(), 0, name.c_str(), &found);
    if (code < 0) return std::unexpected(netlink_error("looking at the interface " + name, code));
    const LinkPtr link(found);
    // Said in the same breath in which the kernel gives it a real queue.
    if (rtnl_link_get_operstate(found) == up) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return fail(ErrorKind::timed_out, "the interface " + name + " does not come up");
}

Result<void> add_default_route(const std::string& interface, const IpAddress& gateway) {
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::unexpected(socket.error());
  const RoutePtr route(rtnl_route_alloc());
  rtnl_nexthop* const hop = rtnl_route_nh_alloc();
  if (!route || hop == nullptr) throw std::bad_alloc();
  const AddressPtr everywhere = address_object(gateway.is_v4() ? IpAddress::v4({}) : IpAddress::v6({}), 0);
  const AddressPtr next = address_object(gateway, static_cast<int>(gateway.size() * 8));
  rtnl_route_nh_set_ifindex(hop, static_cast<int>(if_nametoindex(interface.c_str())));
  rtnl_route_nh_set_gateway(hop, next.get());
  rtnl_route_add_nexthop(route.get(), hop);  // which now owns it
  rtnl_route_set_family(route.get(), static_cast<std::uint8_t>(gateway.family()));
  rtnl_route_set_dst(route.get(), everywhere.get());
  return done_or("adding a default route", rtnl_route_add(socket->get(), route.get(), NLM_F_CREATE | NLM_F_EXCL));
}

}  // namespace sallyport::netfilter
