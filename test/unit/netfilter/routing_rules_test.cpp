#include "sallyport/netfilter/routing_rules.hpp"

#include <net/if.h>

#include <algorithm>

#include "sallyport/netfilter/private_network.hpp"

#include "check.hpp"
#include "private_network.hpp"

using namespace sallyport;
using namespace sallyport::netfilter;
using sallyport::test::enter_private_network;
using sallyport::test::ip;

namespace {

IpAddress address(const char* text) { return *IpAddress::parse(text); }

bool has(const std::vector<RoutingRule>& rules, const std::string& text, bool selective) {
  return std::ranges::any_of(
      rules, [&](const RoutingRule& rule) { return rule.to_string() == text && rule.selective == selective; });
}

}  // namespace

TEST(rules_are_told_whoever_made_them) {
  if (!enter_private_network()) return;
  CHECK(ip("rule add fwmark 0x1/0xff table 99 priority 100") && ip("rule add fwmark 0x7 table 98 priority 101"));
  CHECK(ip("rule add from 10.0.0.0/8 table 97 priority 102") && ip("rule add not fwmark 0x9 table 96 priority 103"));
  const auto rules = routing_rules();
  CHECK_OK(rules);
  CHECK(has(*rules, "0: from all lookup 255", false));
  CHECK(has(*rules, "100: from all fwmark 0x1/0xff lookup 99", false));
  CHECK(has(*rules, "101: from all fwmark 0x7 lookup 98", false));
  CHECK(has(*rules, "102: from all lookup 97", true));
  CHECK(has(*rules, "103: not from all fwmark 0x9 lookup 96", false));
}

TEST(routes_are_found_with_their_own_length) {
  if (!enter_private_network()) return;
  CHECK(ip("link set lo up") && ip("link add lan0 type veth peer name far0") && ip("link set lan0 up"));
  CHECK(ip("link set far0 up") && ip("addr add 10.1.0.1/24 dev lan0"));
  CHECK(!*route_to(address("192.0.2.1")));
  CHECK(ip("route add default via 10.1.0.254") && ip("route add 192.0.2.0/28 via 10.1.0.253"));
  const auto covered = *route_to(address("192.0.2.1"));
  CHECK(covered && covered->interface == "lan0" && covered->prefix_length == 28 && !covered->local);
  const auto elsewhere = *route_to(address("198.51.100.1"));
  CHECK(elsewhere && elsewhere->prefix_length == 0);
  CHECK((*route_to(address("10.1.0.1")))->local);
  CHECK(ip("route add 203.0.113.0/24 dev lan0 table 77") && ip("route add local default dev lo table 77"));
  const auto table = routes_of_table(77);
  CHECK_EQUAL(table->size(), 2U);
  CHECK(std::ranges::any_of(*table, [](const TableRoute& one) { return one.local && !one.destination; }));
  CHECK(routes_of_table(78)->empty());
}

TEST(a_wire_leads_to_a_namespace_of_its_own) {
  if (!enter_private_network()) return;
  const auto far = NetworkNamespace::create();
  if (!far) return;  // where another user namespace's rights end
  CHECK_OK(add_wire("near0", *far, "end0"));
  CHECK(!add_wire("near0", *far, "end1"));
  CHECK_OK(bring_up("near0", address("192.0.2.249"), 30));
  CHECK_OK(far->run([] { return bring_up("end0", address("192.0.2.250"), 30); }));
  CHECK_OK(far->run([] { return add_default_route("end0", address("192.0.2.249")); }));
  CHECK_OK(bring_up("near0", address("2001:db8::f9"), 126));
  CHECK_OK(far->run([] { return bring_up("end0", address("2001:db8::fa"), 126); }));
  CHECK_OK(far->run([] { return add_default_route("end0", address("2001:db8::f9")); }));
  CHECK_OK(far->run([] { return wait_for_carrier("end0"); }));
  CHECK_OK(wait_for_carrier("near0"));
  CHECK(::if_nametoindex("end0") == 0);
  CHECK_OK(far->run([]() -> Result<void> {
    for (const char* const anywhere : {"8.8.8.8", "2001:4860:4860::8888"}) {
      const auto route = route_to(address(anywhere));
      if (!route || !*route || (*route)->interface != "end0") return fail(ErrorKind::system, "no default route");
    }
    // Usable from the first moment on: nobody asks first whether somebody else has it.
    const UniqueFd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage own{};
    const socklen_t length = Endpoint{address("2001:db8::fa"), 0}.to_sockaddr(own);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), length) != 0) {
      return std::unexpected(errno_error("binding", errno));
    }
    return {};
  }));
  CHECK_OK(remove_interface("near0"));
  CHECK(::if_nametoindex("near0") == 0);
  CHECK_OK(remove_interface("near0"));
}

UNIT_MAIN(UNIT_TEST(rules_are_told_whoever_made_them), UNIT_TEST(routes_are_found_with_their_own_length),
          UNIT_TEST(a_wire_leads_to_a_namespace_of_its_own))
