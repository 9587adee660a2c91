#include "../../../src/gateway/destination_guard.hpp"

#include <string>
#include <vector>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::gateway;

namespace {

// A box with 10.0.0.1 and fd00::1 towards its LAN and 198.51.100.7 towards the Internet.
struct Box {
  Box() {
    settings.listen.transparent = {*Endpoint::parse("0.0.0.0:8443"), *Endpoint::parse("[::]:8443")};
    settings.listen.proxy = {*Endpoint::parse("10.0.0.1:8080")};
  }

  config::Settings settings = config::default_settings();
  netfilter::AddressSnapshot addresses{
      {*Prefix::parse("10.0.0.1"), *Prefix::parse("fd00::1"), *Prefix::parse("198.51.100.7")},
      {},
      {*Prefix::parse("10.0.0.0/24"), *Prefix::parse("fd00::/64")}};

  void allow(const char* prefix) { settings.explicit_proxy.allowed_destinations.push_back(*Prefix::parse(prefix)); }

  [[nodiscard]] std::string judge(const std::string& destination, Door door, bool named_by_rule = false) const {
    const auto endpoint = Endpoint::parse(destination);
    if (!endpoint) test::fail_check(__FILE__, __LINE__, destination + " is no endpoint");
    const Result<void> verdict = check_destination(*endpoint, door, named_by_rule, settings, addresses);
    if (!verdict) CHECK_EQUAL(verdict.error().kind, ErrorKind::not_permitted);
    return verdict ? "allowed" : verdict.error().reason;
  }
};

constexpr Door both_doors[] = {Door::transparent, Door::proxy};

void check_verdict(const std::string& row, const std::string& verdict, std::string_view expected) {
  const bool as_expected = expected == "allowed" ? verdict == expected : verdict.contains(expected);
  if (!as_expected)
    test::fail_check(__FILE__, __LINE__, row + ": \"" + verdict + "\", expected " + std::string(expected));
}

}  // namespace

TEST(addresses_of_the_internet_are_allowed) {
  const Box box;
  for (const Door door : both_doors) {
    for (const char* destination :
         {"93.184.216.34:443", "[2606:2800:220:1::1]:443", "100.63.255.255:443", "172.32.0.1:443", "9.255.255.255:1",
          "11.0.0.1:443", "223.255.255.255:443", "169.253.255.255:443", "198.51.100.8:443"}) {
      check_verdict(destination, box.judge(destination, door), "allowed");
    }
  }
}

TEST(nobody_gets_into_the_gateway_or_its_link) {
  struct Row {
    const char* destination;
    std::string_view reason;
  };
  const Row rows[] = {
      {"127.0.0.1:443", "an address of this gateway itself"},
      {"127.255.255.254:443", "an address of this gateway itself"},
      {"[::1]:443", "an address of this gateway itself"},
      {"[::ffff:127.0.0.1]:443", "an address of this gateway itself"},
      {"[::ffff:10.0.0.1]:443", "an address of this gateway itself"},
      {"[::ffff:169.254.169.254]:80", "a link-local address"},
      {"0.0.0.0:443", "not an address anyone can be reached at"},
      {"0.1.2.3:443", "not an address anyone can be reached at"},
      {"[::]:443", "not an address anyone can be reached at"},
      {"169.254.169.254:80", "a link-local address"},
      {"[fe80::1]:443", "a link-local address"},
      {"10.0.0.1:443", "an address of this gateway itself"},
      {"198.51.100.7:22", "an address of this gateway itself"},
      {"[fd00::1]:443", "an address of this gateway itself"},
      {"224.0.0.1:443", "not an address anyone can be reached at"},
      {"[ff02::1]:443", "not an address anyone can be reached at"},
      {"255.255.255.255:443", "not an address anyone can be reached at"},
      // What NAT64, 6to4 or an IPv4-compatible route would send on to the same places.
      {"[64:ff9b::7f00:1]:443", "an address of this gateway itself"},
      {"[64:ff9b::a9fe:a9fe]:80", "a link-local address"},
      {"[64:ff9b::c633:6407]:443", "an address of this gateway itself"},
      {"[2002:7f00:1::]:443", "an address of this gateway itself"},
      {"[2002:a9fe:a9fe::1]:80", "a link-local address"},
      {"[::127.0.0.1]:443", "an address of this gateway itself"},
      {"240.0.0.1:443", "not an address anyone can be reached at"},
  };
  const Box box;
  for (const Door door : both_doors) {
    for (const Row& row : rows) check_verdict(row.destination, box.judge(row.destination, door), row.reason);
  }
}

TEST(private_addresses_are_refused_to_clients_of_the_proxy) {
  const Box box;
  for (const char* destination : {"10.0.0.2:443", "10.255.255.255:443", "172.16.0.1:443", "172.31.255.255:443",
                                  "192.168.1.1:443", "100.64.0.1:443", "[fc00::1]:443", "[fd12::1]:443"}) {
    check_verdict(destination, box.judge(destination, Door::proxy),
                  "a private address, which allowed_destinations does not name");
    check_verdict(destination, box.judge(destination, Door::transparent), "allowed");
  }
}

TEST(what_is_named_may_be_dialled) {
  for (const char* destination :
       {"127.0.0.1:3000", "10.0.0.1:3000", "10.0.0.2:443", "169.254.169.254:80", "[::1]:443"}) {
    const Box closed;
    Box open;
    for (const char* prefix : {"127.0.0.0/8", "10.0.0.0/8", "169.254.0.0/16", "::1/128"}) open.allow(prefix);
    check_verdict(destination, open.judge(destination, Door::proxy), "allowed");
    // A rewrite's target_ip counts as named.
    check_verdict(destination, closed.judge(destination, Door::proxy, true), "allowed");
    check_verdict(destination, closed.judge(destination, Door::transparent, true), "allowed");
  }
}

TEST(no_name_opens_the_listeners_or_what_is_nobodys) {
  Box box;
  for (const char* prefix : {"0.0.0.0/0", "::/0"}) box.allow(prefix);
  for (const Door door : both_doors) {
    for (const bool named : {false, true}) {
      // The transparent listener is on every address, the proxy on one.
      for (const char* destination : {"127.0.0.1:8443", "10.0.0.1:8443", "198.51.100.7:8443", "[::1]:8443",
                                      "[::ffff:127.0.0.1]:8443", "10.0.0.1:8080", "127.0.0.1:8081"}) {
        check_verdict(destination, box.judge(destination, door, named), "a listener of this gateway itself");
      }
      for (const char* destination : {"0.0.0.0:443", "[::]:443", "224.0.0.1:443", "255.255.255.255:443"}) {
        check_verdict(destination, box.judge(destination, door, named), "not an address anyone can be reached at");
      }
      check_verdict("another port", box.judge("10.0.0.1:8081", door, named), "allowed");
      check_verdict("another address", box.judge("198.51.100.7:8080", door, named), "allowed");
      check_verdict("another box", box.judge("10.0.0.2:8443", door, named), "allowed");
    }
  }
}

TEST(the_proxy_is_for_the_clients_it_names) {
  Box box;
  const auto may_use = [&](const char* client) {
    return may_use_proxy(*IpAddress::parse(client), box.settings, box.addresses);
  };
  box.settings.explicit_proxy.allowed_clients = {*Prefix::parse("192.168.5.0/24")};
  box.settings.explicit_proxy.allow_lan_clients = false;
  CHECK(may_use("192.168.5.9"));
  CHECK(may_use("::ffff:192.168.5.9"));
  CHECK(!may_use("192.168.6.9"));
  CHECK(!may_use("10.0.0.9"));
  CHECK(!may_use("127.0.0.1"));
  box.settings.explicit_proxy.allow_lan_clients = true;
  CHECK(may_use("10.0.0.9"));
  CHECK(may_use("fd00::9"));
  CHECK(!may_use("10.0.1.9"));
  CHECK(!may_use("203.0.113.9"));
}

UNIT_MAIN(UNIT_TEST(addresses_of_the_internet_are_allowed), UNIT_TEST(nobody_gets_into_the_gateway_or_its_link),
          UNIT_TEST(private_addresses_are_refused_to_clients_of_the_proxy), UNIT_TEST(what_is_named_may_be_dialled),
          UNIT_TEST(no_name_opens_the_listeners_or_what_is_nobodys), UNIT_TEST(the_proxy_is_for_the_clients_it_names))
