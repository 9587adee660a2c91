#include "sallyport/netfilter/flow_marks.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

#include "netfilter_socket.hpp"

namespace sallyport::netfilter {
namespace {

// What the kernel fills at most in one go.
constexpr std::size_t dump_bytes = std::size_t{32} * 1024;

// A flow as connection tracking names it: its original direction's tuple, in the kernel's own form.
struct Flow {
  std::uint8_t family = AF_UNSPEC;
  std::vector<std::uint8_t> tuple;
};

nlmsghdr* put_header(char* buffer, int type, int flags, std::uint8_t family) {
  nlmsghdr* const message = mnl_nlmsg_put_header(buffer);
  message->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type);
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  message->nlmsg_seq = 1;
  auto* const header = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  header->nfgen_family = family;
  header->version = NFNETLINK_V0;
  return message;
}

int find_tuple(const nlattr* attribute, void* found) {
  if (mnl_attr_get_type(attribute) == CTA_TUPLE_ORIG) *static_cast<const nlattr**>(found) = attribute;
  return MNL_CB_OK;
}

int note_flow(const nlmsghdr* message, void* flows) {
  const nlattr* tuple = nullptr;
  if (mnl_attr_parse(message, sizeof(nfgenmsg), find_tuple, static_cast<void*>(&tuple)) < 0 || tuple == nullptr)
    return MNL_CB_OK;
  const auto* const header = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message));
  const auto* const bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(tuple));
  static_cast<std::vector<Flow>*>(flows)->push_back(
      {header->nfgen_family, {bytes, bytes + mnl_attr_get_payload_len(tuple)}});
  return MNL_CB_OK;
}

// The kernel does the filtering.
Result<std::vector<Flow>> marked_flows(mnl_socket* socket, std::uint32_t mask) {
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  nlmsghdr* const message = put_header(buffer.data(), IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
  mnl_attr_put_u32(message, CTA_MARK, htonl(mask));
  mnl_attr_put_u32(message, CTA_MARK_MASK, htonl(mask));
  if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0) {
    return std::unexpected(errno_error("asking for marked flows", errno));
  }
  std::vector<Flow> flows;
  std::vector<char> answer(dump_bytes);
  for (;;) {
    const ssize_t size = mnl_socket_recvfrom(socket, answer.data(), answer.size());
    if (size < 0) return std::unexpected(errno_error("reading marked flows", errno));
    const int more = mnl_cb_run(answer.data(), static_cast<std::size_t>(size), message->nlmsg_seq,
                                mnl_socket_get_portid(socket), note_flow, &flows);
    if (more == MNL_CB_STOP) return flows;
    if (more < 0) return std::unexpected(errno_error("reading marked flows", errno));
  }
}

}  // namespace

Result<std::size_t> clear_flow_marks(std::uint32_t mask) {
  const auto socket = open_netfilter_socket();
  if (!socket) return std::unexpected(socket.error());
  const auto flows = marked_flows(socket->get(), mask);
  if (!flows) return std::unexpected(flows.error());
  for (const Flow& flow : *flows) {
    alignas(nlmsghdr) std::array<char, 512> buffer{};
    nlmsghdr* const message = put_header(buffer.data(), IPCTNL_MSG_CT_NEW, NLM_F_ACK, flow.family);
    mnl_attr_put(message, CTA_TUPLE_ORIG | NLA_F_NESTED, flow.tuple.size(), flow.tuple.data());
    mnl_attr_put_u32(message, CTA_MARK, 0);
    mnl_attr_put_u32(message, CTA_MARK_MASK, htonl(mask));
    const Result<void> cleared = request(socket->get(), message, "taking the mark off a flow");
    // One that has ended meanwhile has no mark either.
    if (!cleared && cleared.error() != errno_error("taking the mark off a flow", ENOENT)) {
      return std::unexpected(cleared.error());
    }
  }
  return flows->size();
}

}  // namespace sallyport::netfilter
