#include "sallyport/netfilter/local_addresses.hpp"

#include <poll.h>

#include "check.hpp"
#include "private_network.hpp"

using namespace sallyport;
using namespace sallyport::netfilter;
using sallyport::test::enter_private_network;
using sallyport::test::ip;

namespace {

IpAddress address(const char* text) { return *IpAddress::parse(text); }

// A LAN link, an uplink, and a network behind a router on the LAN.
void make_gateway() {
  CHECK(ip("link set lo up"));
  CHECK(ip("link add lan0 type veth peer name lan0-far") && ip("link set lan0 up") && ip("link set lan0-far up"));
  CHECK(ip("link add wan0 type veth peer name wan0-far") && ip("link set wan0 up") && ip("link set wan0-far up"));
  CHECK(ip("addr add 10.1.0.1/24 dev lan0") && ip("addr add 2001:db8:1::1/64 dev lan0 nodad"));
  CHECK(ip("addr add 198.51.100.7/24 dev wan0") && ip("addr add 2001:db8:2::7/64 dev wan0 nodad"));
  CHECK(ip("route add 10.9.0.0/16 via 10.1.0.254"));
  CHECK(ip("route add default via 198.51.100.1") && ip("route add default via 10.1.0.253 metric 99"));
}

bool becomes_readable(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  return poll(&wanted, 1, 5000) == 1;
}

}  // namespace

TEST(a_snapshot_without_the_kernel_knows_loopback) {
  const AddressSnapshot snapshot;
  for (const char* own : {"127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"}) {
    CHECK(snapshot.is_own(address(own)));
  }
  CHECK(!snapshot.is_own(address("10.1.0.1")));
  CHECK(!snapshot.is_behind_lan(address("10.1.0.1")));
}

TEST(a_snapshot_tells_links_apart) {
  const AddressSnapshot snapshot({*Prefix::parse("10.1.0.1"), *Prefix::parse("192.0.2.0/28")},
                                 {{2, *Prefix::parse("10.1.0.0/24")}, {3, *Prefix::parse("10.2.0.0/24")}},
                                 {*Prefix::parse("10.1.0.0/24")});
  CHECK(snapshot.is_own(address("192.0.2.3")) && !snapshot.is_own(address("192.0.2.16")));
  CHECK(snapshot.on_same_link(address("10.1.0.5"), address("10.1.0.6")));
  CHECK(!snapshot.on_same_link(address("10.1.0.5"), address("10.2.0.6")));
  CHECK(!snapshot.on_same_link(address("10.1.0.5"), address("2001:db8::1")));
}

TEST(reads_the_kernel_and_follows_its_changes) {
  if (!enter_private_network()) return;
  make_gateway();
  Result<LocalAddresses> addresses = LocalAddresses::open({"lan0", "absent0"});
  CHECK_OK(addresses);

  const auto first = addresses->snapshot();
  for (const char* own : {"10.1.0.1", "198.51.100.7", "2001:db8:1::1", "2001:db8:2::7", "127.0.0.53"}) {
    CHECK(first->is_own(address(own)));
  }
  for (const char* foreign : {"10.1.0.2", "8.8.8.8", "2001:db8:1::2"}) CHECK(!first->is_own(address(foreign)));
  CHECK(first->on_same_link(address("10.1.0.2"), address("10.1.0.3")));
  CHECK(!first->on_same_link(address("10.1.0.2"), address("198.51.100.9")));
  for (const char* lan : {"10.1.0.2", "2001:db8:1::99", "10.9.3.4"}) CHECK(first->is_behind_lan(address(lan)));
  for (const char* wan : {"198.51.100.9", "8.8.8.8", "2001:db8:2::1"}) CHECK(!first->is_behind_lan(address(wan)));

  CHECK(ip("addr add 10.77.0.1/24 dev lan0"));
  CHECK(becomes_readable(addresses->fd()));
  const Result<bool> changed = addresses->handle_ready();
  CHECK_OK(changed);
  CHECK(*changed);
  CHECK(addresses->snapshot()->is_own(address("10.77.0.1")));
  CHECK(addresses->snapshot()->is_behind_lan(address("10.77.0.200")));
  CHECK(!first->is_own(address("10.77.0.1")));

  // A route elsewhere is no news.
  CHECK(ip("route add 203.0.113.0/24 via 198.51.100.2"));
  CHECK(becomes_readable(addresses->fd()));
  CHECK(!*addresses->handle_ready());

  // An interface that appears later counts from then on.
  CHECK(ip("link add absent0 type veth peer name absent0-far") && ip("link set absent0 up") &&
        ip("link set absent0-far up") && ip("addr add 10.88.0.1/24 dev absent0"));
  CHECK(becomes_readable(addresses->fd()));
  CHECK_OK(addresses->handle_ready());
  CHECK(addresses->snapshot()->is_behind_lan(address("10.88.0.2")));

  CHECK(ip("link del absent0") && ip("route add local 192.0.2.0/25 dev lo"));
  CHECK_OK(addresses->refresh());
  CHECK(!addresses->snapshot()->is_behind_lan(address("10.88.0.2")));
  CHECK(addresses->snapshot()->is_own(address("192.0.2.126")));
}

UNIT_MAIN(UNIT_TEST(a_snapshot_without_the_kernel_knows_loopback), UNIT_TEST(a_snapshot_tells_links_apart),
          UNIT_TEST(reads_the_kernel_and_follows_its_changes))
