#include "sallyport/netfilter/port_unreachable.hpp"

#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace sallyport::netfilter {
namespace {

constexpr std::size_t header_bytes = 8;
// The whole message, its own IP header included, is at most this long.
constexpr std::size_t most_v4 = 576;
constexpr std::size_t most_v6 = 1280;
constexpr std::size_t own_header_v4 = 20;
constexpr std::size_t own_header_v6 = 40;

// RFC 1071. ICMPv6's covers addresses that the kernel chooses, so that the kernel computes it.
std::uint16_t checksum(ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) sum += at % 2 == 0 ? bytes[at] << 8U : bytes[at];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::vector<std::uint8_t> message_of(std::uint8_t type, std::uint8_t code, ByteView packet, std::size_t most) {
  const ByteView quoted = packet.first(std::min(packet.size(), most - header_bytes));
  std::vector<std::uint8_t> message(header_bytes + quoted.size());
  message[0] = type;
  message[1] = code;
  std::ranges::copy(quoted, message.begin() + header_bytes);
  return message;
}

// A raw socket is given every ICMP message that arrives here; these want none.
Result<UniqueFd> open_v4() {
  UniqueFd fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP));
  if (!fd) return std::unexpected(errno_error("opening a raw ICMP socket", errno));
  const icmp_filter nothing{.data = ~0U};
  if (::setsockopt(fd.get(), SOL_RAW, ICMP_FILTER, &nothing, sizeof nothing) != 0) {
    return std::unexpected(errno_error("ICMP_FILTER", errno));
  }
  return fd;
}

Result<UniqueFd> open_v6() {
  UniqueFd fd(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6));
  if (!fd && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT)) return fd;
  if (!fd) return std::unexpected(errno_error("opening a raw ICMPv6 socket", errno));
  icmp6_filter nothing{};
  ICMP6_FILTER_SETBLOCKALL(&nothing);
  if (::setsockopt(fd.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &nothing, sizeof nothing) != 0) {
    return std::unexpected(errno_error("ICMP6_FILTER", errno));
  }
  return fd;
}

}  // namespace

Result<PortUnreachable> PortUnreachable::open() {
  auto v4 = open_v4();
  if (!v4) return std::unexpected(v4.error());
  auto v6 = open_v6();
  if (!v6) return std::unexpected(v6.error());
  return PortUnreachable(std::move(*v4), std::move(*v6));
}

void PortUnreachable::tell(const IpAddress& sender, ByteView packet) const {
  std::vector<std::uint8_t> message;
  if (sender.is_v4()) {
    message = message_of(ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, packet, most_v4 - own_header_v4);
    const std::uint16_t sum = checksum(message);
    message[2] = static_cast<std::uint8_t>(sum >> 8);
    message[3] = static_cast<std::uint8_t>(sum);
  } else {
    message = message_of(ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT, packet, most_v6 - own_header_v6);
  }
  sockaddr_storage storage{};
  const socklen_t size = Endpoint{sender, 0}.to_sockaddr(storage);
  static_cast<void>(::sendto((sender.is_v4() ? v4_ : v6_).get(), message.data(), message.size(), 0,
                             reinterpret_cast<const sockaddr*>(&storage), size));
}

}  // namespace sallyport::netfilter
