#include "netlink.hpp"

#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <new>
#include <string>

#include <netlink/errno.h>

namespace sallyport::netfilter {
namespace {

constexpr int most_dump_attempts = 8;

int hand_over(nl_msg* message, void* each) {
  (*static_cast<const std::function<void(nlmsghdr*)>*>(each))(nlmsg_hdr(message));
  return NL_OK;
}

// Notifications answer no request of ours.
int accept_any_sequence(nl_msg* /*message*/, void* /*context*/) { return NL_OK; }

ErrorKind kind_of(int code) {
  switch (code < 0 ? -code : code) {
    case NLE_PERM:
    case NLE_NOACCESS:
      return ErrorKind::not_permitted;
    case NLE_NOMEM:
      return ErrorKind::exhausted;
    case NLE_AF_NOSUPPORT:
    case NLE_OPNOTSUPP:
      return ErrorKind::unsupported;
    default:
      return ErrorKind::system;
  }
}

}  // namespace

Error netlink_error(std::string_view doing, int code) {
  return Error{kind_of(code), std::string(doing) + ": " + nl_geterror(code)};
}

Result<SocketPtr> open_route_socket() {
  SocketPtr socket(nl_socket_alloc());
  if (!socket) return fail(ErrorKind::exhausted, "opening a netlink socket: out of memory");
  if (const int code = nl_connect(socket.get(), NETLINK_ROUTE); code < 0) {
    return std::unexpected(netlink_error("opening a netlink socket", code));
  }
  const int on = 1;
  // Refused by kernels before 4.20, which then send unfiltered dumps: slower, not wrong.
  (void)setsockopt(nl_socket_get_fd(socket.get()), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  return socket;
}

CallbackPtr callback_for(const std::function<void(nlmsghdr*)>& each) {
  CallbackPtr callback(nl_cb_alloc(NL_CB_DEFAULT));
  if (!callback) throw std::bad_alloc();
  nl_cb_set(callback.get(), NL_CB_VALID, NL_CB_CUSTOM, hand_over,
            const_cast<void*>(static_cast<const void*>(&each)));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  return callback;
}

Result<void> dump(nl_sock* socket, nl_msg* request, const std::function<void(nlmsghdr*)>& each) {
  const CallbackPtr callback = callback_for(each);
  for (int attempt = 1;; ++attempt) {
    nlmsg_hdr(request)->nlmsg_seq = NL_AUTO_SEQ;
    int code = nl_send_auto(socket, request);
    if (code >= 0) code = nl_recvmsgs(socket, callback.get());
    if (code == -NLE_DUMP_INTR && attempt < most_dump_attempts) continue;
    if (code == -NLE_OBJ_NOTFOUND) return {};
    if (code < 0) return std::unexpected(netlink_error("reading from netlink", code));
    return {};
  }
}

Result<bool> read_notifications(nl_sock* socket, const std::function<void(nlmsghdr*)>& each) {
  const CallbackPtr callback = callback_for(each);
  nl_cb_set(callback.get(), NL_CB_SEQ_CHECK, NL_CB_CUSTOM, accept_any_sequence, nullptr);
  bool left_out = false;
  for (;;) {
    const int code = nl_recvmsgs(socket, callback.get());
    if (code == -NLE_AGAIN) return left_out;
    if (code == -NLE_NOMEM) {  // ENOBUFS
      left_out = true;
    } else if (code < 0) {
      return std::unexpected(netlink_error("reading what the kernel reports", code));
    }
  }
}

MessagePtr route_dump_request(int family, std::optional<std::uint32_t> table, int interface_index) {
  MessagePtr request(nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP));
  if (!request) throw std::bad_alloc();
  rtmsg header{};
  header.rtm_family = static_cast<unsigned char>(family);
  nlmsg_append(request.get(), &header, sizeof header, NLMSG_ALIGNTO);
  if (table) nla_put_u32(request.get(), RTA_TABLE, *table);
  if (interface_index > 0) nla_put_u32(request.get(), RTA_OIF, static_cast<std::uint32_t>(interface_index));
  return request;
}

MessagePtr rule_dump_request(int family) {
  MessagePtr request(nlmsg_alloc_simple(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP));
  if (!request) throw std::bad_alloc();
  fib_rule_hdr header{};
  header.family = static_cast<std::uint8_t>(family);
  nlmsg_append(request.get(), &header, sizeof header, NLMSG_ALIGNTO);
  return request;
}

std::uint32_t number_in(const nlattr* attribute) {
  return attribute != nullptr && nla_len(attribute) == sizeof(std::uint32_t) ? nla_get_u32(attribute) : 0;
}

std::optional<std::uint32_t> table_of_route(nlmsghdr* message) {
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  if (message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE) return std::nullopt;
  if (nlmsg_parse(message, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) return std::nullopt;
  if (attributes[RTA_TABLE] != nullptr && nla_len(attributes[RTA_TABLE]) == sizeof(std::uint32_t)) {
    return nla_get_u32(attributes[RTA_TABLE]);
  }
  return static_cast<const rtmsg*>(nlmsg_data(message))->rtm_table;
}

std::optional<IpAddress> address_of(const nlattr* attribute, int family) {
  if (attribute == nullptr) return std::nullopt;
  const auto length = static_cast<std::size_t>(nla_len(attribute));
  if (family == AF_INET && length == 4) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), nla_data(attribute), bytes.size());
    return IpAddress::v4(bytes);
  }
  if (family == AF_INET6 && length == 16) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), nla_data(attribute), bytes.size());
    return IpAddress::v6(bytes);
  }
  return std::nullopt;
}

}  // namespace sallyport::netfilter
