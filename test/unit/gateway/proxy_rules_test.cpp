#include "../../../src/gateway/proxy_rules.hpp"

#include <string>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::gateway;

namespace {

// A box with 10.0.0.1 and fd00::1, whose plaintext proxy is on one address and whose TLS proxy is on all of IPv4.
struct Box {
  Box() {
    settings.listen.proxy = {*Endpoint::parse("10.0.0.1:8080")};
    settings.listen.proxy_tls = {*Endpoint::parse("0.0.0.0:8444")};
  }

  [[nodiscard]] bool is_itself(std::string_view target) const {
    const Result<http::Authority> authority = http::Authority::parse(target);
    CHECK_OK(authority);
    return is_proxy_itself(*authority, settings, addresses);
  }

  config::Settings settings = config::default_settings();
  netfilter::AddressSnapshot addresses{
      {*Prefix::parse("10.0.0.1"), *Prefix::parse("192.0.2.7"), *Prefix::parse("fd00::1")}, {}, {}};
};

}  // namespace

TEST(the_proxys_name_is_the_proxy_on_any_port) {
  const Box box;
  for (const char* target :
       {"sallyport.internal:443", "Sallyport.INTERNAL:80", "sallyport.internal.:1", "sallyport.internal"})
    CHECK(box.is_itself(target));
  for (const char* target : {"sallyport.internal.test:443", "a.sallyport.internal:443", "internal:443"})
    CHECK(!box.is_itself(target));
}

TEST(a_name_of_the_admins_replaces_it) {
  Box box;
  box.settings.listen.proxy_name = "gate.test";
  CHECK(box.is_itself("gate.test:443"));
  CHECK(!box.is_itself("sallyport.internal:443"));
}

TEST(an_address_is_the_proxy_where_a_listener_of_it_stands) {
  const Box box;
  for (const char* target : {"10.0.0.1:8080", "10.0.0.1:8444", "192.0.2.7:8444", "[::ffff:10.0.0.1]:8080"})
    CHECK(box.is_itself(target));
  for (const char* target : {"192.0.2.7:8080", "10.0.0.1:443", "10.0.0.1", "10.0.0.2:8080", "198.51.100.1:8444",
                             "0.0.0.0:8444", "[fd00::1]:8080", "[::]:8444"})
    CHECK(!box.is_itself(target));
}

UNIT_MAIN(UNIT_TEST(the_proxys_name_is_the_proxy_on_any_port), UNIT_TEST(a_name_of_the_admins_replaces_it),
          UNIT_TEST(an_address_is_the_proxy_where_a_listener_of_it_stands))
