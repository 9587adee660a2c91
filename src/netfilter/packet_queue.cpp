#include "sallyport/netfilter/packet_queue.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include <libnetfilter_queue/libnetfilter_queue.h>

#include "netfilter_socket.hpp"

namespace sallyport::netfilter {
namespace {

constexpr std::uint32_t whole_packet = 0xffff;
// A packet of 64 KiB and what netlink says about it.
constexpr std::size_t receive_bytes = std::size_t{72} * 1024;
// Room for bursts, of which each packet takes a page or less.
constexpr int socket_bytes = 8 << 20;
constexpr std::size_t verdict_bytes = 64;
constexpr std::size_t most_gathered = 256;

}  // namespace

struct PacketQueue::State {
  std::uint16_t number = 0;
  MnlSocketPtr socket;
  std::uint64_t overruns = 0;
  std::vector<char> incoming = std::vector<char>(receive_bytes);
  std::vector<char> verdicts;  // messages, one behind the other
  std::size_t gathered = 0;
  std::optional<Error> failed;  // of verdicts that were sent ahead of flush()

  [[nodiscard]] Result<void> configure(std::uint32_t sequence, const std::function<void(nlmsghdr*)>& put,
                                       std::string_view doing) const;
  [[nodiscard]] Result<void> bind(bool accept_when_full) const;
  void add_verdict(std::uint32_t id, int verdict, const std::uint32_t* mark);
  [[nodiscard]] Result<void> send_verdicts();
  static bool take(const nlmsghdr* message, const std::function<void(const Packet&)>& each);
};

Result<void> PacketQueue::State::configure(std::uint32_t sequence, const std::function<void(nlmsghdr*)>& put,
                                           std::string_view doing) const {
  alignas(nlmsghdr) std::array<char, 512> buffer{};
  nlmsghdr* const message = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_CONFIG, number);
  message->nlmsg_flags |= NLM_F_ACK;
  message->nlmsg_seq = sequence;
  put(message);
  return request(socket.get(), message, doing);
}

Result<void> PacketQueue::State::bind(bool accept_when_full) const {
  const std::string name = "NFQUEUE " + std::to_string(number);
  Result<void> done = configure(
      1, [](nlmsghdr* message) { nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND); }, "taking " + name);
  if (!done) return done;
  return configure(
      2,
      [accept_when_full](nlmsghdr* message) {
        nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, whole_packet);
        mnl_attr_put_u32(message, NFQA_CFG_QUEUE_MAXLEN, htonl(most_waiting));
        mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(accept_when_full ? NFQA_CFG_F_FAIL_OPEN : 0));
        mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN));
      },
      "preparing " + name);
}

PacketQueue::PacketQueue(std::unique_ptr<State> state) : state_(std::move(state)) {}
PacketQueue::PacketQueue(PacketQueue&&) noexcept = default;
PacketQueue& PacketQueue::operator=(PacketQueue&&) noexcept = default;
PacketQueue::~PacketQueue() = default;

Result<PacketQueue> PacketQueue::open(std::uint16_t number, bool accept_when_full) {
  auto state = std::make_unique<State>();
  state->number = number;
  auto socket = open_netfilter_socket();
  if (!socket) return std::unexpected(socket.error());
  state->socket = std::move(*socket);
  const int fd = mnl_socket_get_fd(state->socket.get());
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &socket_bytes, sizeof socket_bytes) != 0) {
    return std::unexpected(errno_error("SO_RCVBUFFORCE", errno));
  }
  if (Result<void> bound = state->bind(accept_when_full); !bound) return std::unexpected(bound.error());
  return PacketQueue(std::move(state));
}

int PacketQueue::fd() const { return mnl_socket_get_fd(state_->socket.get()); }

std::uint64_t PacketQueue::overruns() const { return state_->overruns; }

// False where the message is no packet.
bool PacketQueue::State::take(const nlmsghdr* message, const std::function<void(const Packet&)>& each) {
  if (message->nlmsg_type != ((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET)) return false;
  std::array<nlattr*, NFQA_MAX + 1> attributes{};
  if (nfq_nlmsg_parse(message, attributes.data()) < 0) return false;
  if (attributes[NFQA_PACKET_HDR] == nullptr) return false;
  const auto* header = static_cast<const nfqnl_msg_packet_hdr*>(mnl_attr_get_payload(attributes[NFQA_PACKET_HDR]));
  Packet packet;
  packet.id = ntohl(header->packet_id);
  packet.cut = attributes[NFQA_CAP_LEN] != nullptr;
  if (attributes[NFQA_MARK] != nullptr) packet.mark = ntohl(mnl_attr_get_u32(attributes[NFQA_MARK]));
  if (const nlattr* const payload = attributes[NFQA_PAYLOAD]; payload != nullptr) {
    packet.bytes = {static_cast<const std::uint8_t*>(mnl_attr_get_payload(payload)), mnl_attr_get_payload_len(payload)};
  }
  each(packet);
  return true;
}

Result<std::size_t> PacketQueue::receive(std::size_t most, const std::function<void(const Packet&)>& each) {
  std::size_t taken = 0;
  while (taken < most) {
    const ssize_t size = ::recv(fd(), state_->incoming.data(), state_->incoming.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (size < 0 && errno == ENOBUFS) {
      ++state_->overruns;
      continue;
    }
    if (size < 0) return std::unexpected(errno_error("reading from NFQUEUE", errno));
    int left = static_cast<int>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(state_->incoming.data());
    while (mnl_nlmsg_ok(message, left)) {
      // What else comes is the kernel's complaint about a packet that has left the queue meanwhile.
      if (State::take(message, each)) ++taken;
      message = mnl_nlmsg_next(message, &left);
    }
  }
  return taken;
}

void PacketQueue::State::add_verdict(std::uint32_t id, int verdict, const std::uint32_t* mark) {
  alignas(nlmsghdr) std::array<char, verdict_bytes> buffer{};
  nlmsghdr* const message = nfq_nlmsg_put(buffer.data(), NFQNL_MSG_VERDICT, number);
  nfq_nlmsg_verdict_put(message, static_cast<int>(id), verdict);
  if (mark != nullptr) nfq_nlmsg_verdict_put_mark(message, *mark);
  verdicts.insert(verdicts.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(message->nlmsg_len));
  verdicts.resize(MNL_ALIGN(verdicts.size()));
  if (++gathered < most_gathered) return;
  if (const Result<void> sent = send_verdicts(); !sent && !failed) failed = sent.error();
}

void PacketQueue::accept(std::uint32_t id, std::uint32_t mark) { state_->add_verdict(id, NF_ACCEPT, &mark); }

void PacketQueue::repeat(std::uint32_t id, std::uint32_t mark) { state_->add_verdict(id, NF_REPEAT, &mark); }

void PacketQueue::drop(std::uint32_t id) { state_->add_verdict(id, NF_DROP, nullptr); }

Result<void> PacketQueue::flush() {
  const Result<void> sent = state_->send_verdicts();
  if (std::optional<Error> before = std::exchange(state_->failed, std::nullopt)) return std::unexpected(*before);
  return sent;
}

Result<void> PacketQueue::State::send_verdicts() {
  if (verdicts.empty()) return {};
  const ssize_t sent = mnl_socket_sendto(socket.get(), verdicts.data(), verdicts.size());
  const int code = errno;
  verdicts.clear();
  gathered = 0;
  if (sent < 0) return std::unexpected(errno_error("giving verdicts to NFQUEUE", code));
  return {};
}

}  // namespace sallyport::netfilter
