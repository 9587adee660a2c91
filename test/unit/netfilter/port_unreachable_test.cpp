#include "sallyport/netfilter/port_unreachable.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "sallyport/netfilter/flow_marks.hpp"
#include "sallyport/netfilter/packet_queue.hpp"

#include "check.hpp"
#include "private_network.hpp"

using namespace sallyport;
using namespace sallyport::netfilter;
using namespace sallyport::test;

namespace {

UniqueFd connected(const Endpoint& to, Endpoint& from) {
  UniqueFd fd(::socket(to.address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  socklen_t size = to.to_sockaddr(storage);
  CHECK(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0);
  size = sizeof storage;
  CHECK(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &size) == 0);
  from = Endpoint::from_sockaddr(storage);
  return fd;
}

void append_port(std::vector<std::uint8_t>& packet, std::uint16_t port) {
  packet.push_back(static_cast<std::uint8_t>(port >> 8));
  packet.push_back(static_cast<std::uint8_t>(port));
}

// What `from` would have sent to `to`: 1,200 bytes.
std::vector<std::uint8_t> packet_of(const Endpoint& from, const Endpoint& to) {
  std::vector<std::uint8_t> packet;
  if (from.address.is_v4()) {
    packet = {0x45, 0, 0x04, 0xcc, 0, 0, 0, 0, 64, 17, 0, 0};
  } else {
    packet = {0x60, 0, 0, 0, 0x04, 0xb8, 17, 64};
  }
  for (const IpAddress& address : {from.address, to.address}) {
    packet.insert(packet.end(), address.data(), address.data() + address.size());
  }
  append_port(packet, from.port);
  append_port(packet, to.port);
  packet.insert(packet.end(), {0x04, 0xb8, 0, 0});
  packet.resize(packet.size() + 1200);
  return packet;
}

TEST(a_sender_hears_that_nothing_takes_its_datagrams) {
  if (!enter_private_network() || !ip("link set lo up")) return;
  const auto unreachable = PortUnreachable::open();
  CHECK_OK(unreachable);
  for (const char* const text : {"127.0.0.1:443", "[::1]:443"}) {
    const Endpoint to = *Endpoint::parse(text);
    Endpoint from;
    const UniqueFd sender = connected(to, from);
    unreachable->tell(from.address, packet_of(from, to));
    pollfd source{sender.get(), POLLIN, 0};
    CHECK(::poll(&source, 1, 20'000) == 1);
    char byte = 0;
    CHECK(::recv(sender.get(), &byte, 1, MSG_DONTWAIT) < 0);
    CHECK_EQUAL(errno, ECONNREFUSED);
  }
}

TEST(a_queue_has_one_owner) {
  if (!enter_private_network()) return;
  auto first = PacketQueue::open(7, false);
  CHECK_OK(first);
  const auto received = first->receive(10, [](const PacketQueue::Packet&) {});
  CHECK_OK(received);
  CHECK_EQUAL(*received, 0U);
  CHECK_OK(first->flush());
  CHECK(!PacketQueue::open(7, false));
  CHECK_OK(PacketQueue::open(8, true));
}

TEST(where_no_flow_is_marked_none_is_cleared) {
  if (!enter_private_network()) return;
  const auto cleared = clear_flow_marks(0x04000000);
  CHECK_OK(cleared);
  CHECK_EQUAL(*cleared, 0U);
}

}  // namespace

UNIT_MAIN(UNIT_TEST(a_sender_hears_that_nothing_takes_its_datagrams), UNIT_TEST(a_queue_has_one_owner),
          UNIT_TEST(where_no_flow_is_marked_none_is_cleared))
