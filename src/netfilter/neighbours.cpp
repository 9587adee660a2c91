#include "sallyport/netfilter/neighbours.hpp"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <new>

#include "netlink.hpp"

namespace sallyport::netfilter {
namespace {

// Ethernet's, and what borrows its form.
constexpr int link_address_bytes = 6;

std::string colon_hex(const std::uint8_t* bytes) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text;
  for (int at = 0; at < link_address_bytes; ++at) {
    if (at > 0) text += ':';
    text += {hex[bytes[at] >> 4], hex[bytes[at] & 15]};
  }
  return text;
}

struct Heard {
  IpAddress address;
  std::string link_address;
  int interface_index;
};

void take(nlmsghdr* message, std::vector<Heard>& found) {
  if (message->nlmsg_type != RTM_NEWNEIGH) return;
  std::array<nlattr*, NDA_MAX + 1> attributes{};
  if (nlmsg_parse(message, sizeof(ndmsg), attributes.data(), NDA_MAX, nullptr) < 0) return;
  const auto* header = static_cast<const ndmsg*>(nlmsg_data(message));
  const std::optional<IpAddress> address = address_of(attributes[NDA_DST], header->ndm_family);
  const nlattr* const link = attributes[NDA_LLADDR];
  if (!address || link == nullptr || nla_len(link) != link_address_bytes) return;
  found.push_back({*address, colon_hex(static_cast<const std::uint8_t*>(nla_data(link))), header->ndm_ifindex});
}

Result<std::vector<Heard>> all_heard() {
  const Result<SocketPtr> socket = open_route_socket();
  if (!socket) return std::unexpected(socket.error());
  const MessagePtr request(nlmsg_alloc_simple(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP));
  if (!request) throw std::bad_alloc();
  const ndmsg header{};
  nlmsg_append(request.get(), const_cast<ndmsg*>(&header), sizeof header, NLMSG_ALIGNTO);  // NOLINT
  std::vector<Heard> found;
  const Result<void> dumped = dump(socket->get(), request.get(), [&](nlmsghdr* message) { take(message, found); });
  if (!dumped) return std::unexpected(dumped.error());
  return found;
}

}  // namespace

Result<std::map<IpAddress, std::string>> neighbours() {
  const Result<std::vector<Heard>> heard = all_heard();
  if (!heard) return std::unexpected(heard.error());
  std::map<IpAddress, std::string> found;
  for (const Heard& one : *heard) found.insert_or_assign(one.address, one.link_address);
  return found;
}

Result<std::vector<IpAddress>> neighbours_on(const std::string& interface) {
  const int index = static_cast<int>(if_nametoindex(interface.c_str()));
  const Result<std::vector<Heard>> heard = all_heard();
  if (!heard) return std::unexpected(heard.error());
  std::vector<IpAddress> found;
  for (const Heard& one : *heard) {
    if (one.interface_index == index) found.push_back(one.address);
  }
  return found;
}

}  // namespace sallyport::netfilter
