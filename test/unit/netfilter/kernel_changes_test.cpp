#include "sallyport/netfilter/kernel_changes.hpp"

#include <poll.h>

#include "check.hpp"
#include "private_network.hpp"

using namespace sallyport::netfilter;
using sallyport::test::enter_private_network;
using sallyport::test::ip;

namespace {

constexpr std::uint32_t our_table = 443;

// What the kernel has told of since the last call. It does so before the command that changed something has ended.
Changes told(KernelChanges& changes) {
  const auto read = changes.read();
  CHECK(read.has_value());
  return *read;
}

}  // namespace

TEST(tells_what_to_look_at) {
  if (!enter_private_network()) return;
  auto changes = KernelChanges::open(our_table);
  CHECK(changes.has_value());
  CHECK(!told(*changes).any());
  pollfd waiting{changes->routing_fd(), POLLIN, 0};
  CHECK_EQUAL(::poll(&waiting, 1, 0), 0);

  CHECK(ip("link set lo up"));
  CHECK_EQUAL(::poll(&waiting, 1, 0), 1);
  CHECK(told(*changes).links);

  CHECK(ip("rule add fwmark 0x1 table 7 priority 7"));
  const Changes seen = told(*changes);  // of the link as well: the kernel tells once more when it has settled
  CHECK(seen.routes && !seen.rules);
}

TEST(other_tables_may_change_as_they_like) {
  if (!enter_private_network()) return;
  CHECK(ip("link set lo up"));
  auto changes = KernelChanges::open(our_table);
  CHECK(changes.has_value());
  CHECK(ip("route add 192.0.2.0/24 dev lo table 444") && ip("-6 route add 2001:db8::/32 dev lo table 442"));
  CHECK(!told(*changes).routes);
  CHECK(ip("route add local default dev lo table 443"));
  CHECK(told(*changes).routes);
  CHECK(ip("-6 route add local default dev lo table 443"));
  CHECK(told(*changes).routes);
}

UNIT_MAIN(UNIT_TEST(tells_what_to_look_at), UNIT_TEST(other_tables_may_change_as_they_like))
