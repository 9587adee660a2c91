#include "sallyport/netfilter/awake_set.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/ipset/ip_set_bitmap.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "netfilter_socket.hpp"

namespace sallyport::netfilter {
namespace {

// The kernel speaks this version as well as the newest.
constexpr std::uint8_t protocol_version = IPSET_PROTOCOL_MIN;

// No such set; or the kernel has not even loaded what knows of sets.
bool no_set(int answer) { return answer == ENOENT || answer == EINVAL; }

}  // namespace

struct AwakeSet::State {
  std::string name;
  MnlSocketPtr socket;

  // What the kernel says to this command, about one port where it is given: 0, or an error of its own or of ipset.
  [[nodiscard]] Result<int> ask(int command, std::optional<std::uint16_t> port) const;
  [[nodiscard]] std::string doing() const { return "renewing ipset " + name; }
};

Result<int> AwakeSet::State::ask(int command, std::optional<std::uint16_t> port) const {
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  nlmsghdr* const message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_IPSET << 8 | command);
  // Without NLM_F_EXCL an entry that is there begins its time anew.
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  message->nlmsg_seq = 1;
  auto* const header = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  header->version = NFNETLINK_V0;
  mnl_attr_put_u8(message, IPSET_ATTR_PROTOCOL, protocol_version);
  mnl_attr_put_strz(message, IPSET_ATTR_SETNAME, name.c_str());
  if (port) {
    nlattr* const data = mnl_attr_nest_start(message, IPSET_ATTR_DATA);
    mnl_attr_put_u16(message, IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, htons(*port));
    mnl_attr_nest_end(message, data);
  }
  return answer_to(socket.get(), message, doing());
}

AwakeSet::AwakeSet(std::unique_ptr<State> state) : state_(std::move(state)) {}
AwakeSet::AwakeSet(AwakeSet&&) noexcept = default;
AwakeSet& AwakeSet::operator=(AwakeSet&&) noexcept = default;
AwakeSet::~AwakeSet() = default;

Result<AwakeSet> AwakeSet::open(std::string name) {
  auto state = std::make_unique<State>();
  state->name = std::move(name);
  auto socket = open_netfilter_socket();
  if (!socket) return std::unexpected(socket.error());
  state->socket = std::move(*socket);
  return AwakeSet(std::move(state));
}

// Asked whether it has some port, a set that is there says so or says no.
Result<bool> AwakeSet::exists() const {
  const Result<int> answer = state_->ask(IPSET_CMD_TEST, 0);
  if (!answer) return std::unexpected(answer.error());
  if (*answer == EPERM || *answer == EACCES) return std::unexpected(errno_error(state_->doing(), *answer));
  return !no_set(*answer);
}

Result<bool> AwakeSet::renew(std::span<const std::uint16_t> ports) const {
  for (const std::uint16_t port : ports) {
    const Result<int> answer = state_->ask(IPSET_CMD_ADD, port);
    if (!answer) return std::unexpected(answer.error());
    if (no_set(*answer)) return false;
    if (*answer != 0 && *answer != IPSET_ERR_BITMAP_RANGE) {
      return std::unexpected(errno_error(state_->doing(), *answer));
    }
  }
  return !ports.empty();
}

Result<void> AwakeSet::clear() const {
  const Result<int> answer = state_->ask(IPSET_CMD_FLUSH, std::nullopt);
  if (!answer) return std::unexpected(answer.error());
  if (*answer != 0 && !no_set(*answer)) return std::unexpected(errno_error(state_->doing(), *answer));
  return {};
}

}  // namespace sallyport::netfilter
