#include "../../../src/gateway/target.hpp"

#include <optional>
#include <string>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::gateway;

namespace {

Arrival transparent() {
  return {.door = Door::transparent,
          .client = *Endpoint::parse("10.0.0.9:50000"),
          .local = *Endpoint::parse("203.0.113.5:443"),
          .authority = std::nullopt};
}

Arrival connect_to(const char* authority) {
  const auto parsed = http::Authority::parse_connect_target(authority);
  CHECK_OK(parsed);
  Arrival arrival = transparent();
  arrival.door = Door::proxy;
  arrival.local = *Endpoint::parse("10.0.0.1:8080");
  arrival.authority = *parsed;
  return arrival;
}

wire::ClientHello hello(std::optional<std::string> name) {
  wire::ClientHello made;
  if (name) made.server_name_form = wire::ServerNameForm::one;
  made.server_name = std::move(name);
  return made;
}

}  // namespace

TEST(names_are_trusted_in_the_order_of_layers) {
  struct Row {
    Arrival arrival;
    std::optional<std::string> sni;
    std::string name;
    bool is_address;
    std::uint16_t port;
    std::string endpoint;  // empty: DNS decides
  };
  const Row rows[] = {
      {transparent(), "shop.example", "shop.example", false, 443, "203.0.113.5:443"},
      {transparent(), "SHOP.Example", "shop.example", false, 443, "203.0.113.5:443"},
      {transparent(), std::nullopt, "203.0.113.5", true, 443, "203.0.113.5:443"},
      {connect_to("shop.example:8443"), "shop.example", "shop.example", false, 8443, ""},
      {connect_to("SHOP.example.:443"), "shop.example", "shop.example", false, 443, ""},
      {connect_to("shop.example:443"), std::nullopt, "shop.example", false, 443, ""},
      {connect_to("198.51.100.3:443"), std::nullopt, "198.51.100.3", true, 443, "198.51.100.3:443"},
      {connect_to("198.51.100.3:443"), "shop.example", "shop.example", false, 443, "198.51.100.3:443"},
      {connect_to("[2001:DB8::3]:443"), std::nullopt, "2001:db8::3", true, 443, "[2001:db8::3]:443"},
  };
  for (const Row& row : rows) {
    const Result<Target> target = Target::of(row.arrival, hello(row.sni));
    CHECK_OK(target);
    CHECK_EQUAL(target->name, row.name);
    CHECK_EQUAL(target->is_address, row.is_address);
    CHECK_EQUAL(target->port, row.port);
    CHECK_EQUAL(target->endpoint ? target->endpoint->to_string() : "", row.endpoint);
    CHECK_EQUAL(target->contradiction, "");
  }
}

TEST(a_client_that_contradicts_itself_is_found_out) {
  const Result<Target> target = Target::of(connect_to("allowed.example:443"), hello("blocked.example"));
  CHECK_OK(target);
  CHECK_EQUAL(target->name, "blocked.example");
  CHECK(target->contradiction.contains("blocked.example"));
  CHECK(target->contradiction.contains("allowed.example"));
  // Where CONNECT named an address there is nothing to contradict.
  CHECK_EQUAL(Target::of(connect_to("198.51.100.3:443"), hello("shop.example"))->contradiction, "");
}

TEST(an_sni_that_is_no_name_is_an_error) {
  for (const std::string& name :
       {std::string("203.0.113.5"), std::string("a b"), std::string(), std::string("a..b"), std::string("a\0b", 3)}) {
    const Result<Target> target = Target::of(transparent(), hello(name));
    CHECK(!target);
    CHECK_EQUAL(target.error().kind, ErrorKind::malformed);
  }
  wire::ClientHello several = hello(std::nullopt);
  several.server_name_form = wire::ServerNameForm::several;
  CHECK(!Target::of(transparent(), several));
}

TEST(without_a_hello_the_outer_layer_decides) {
  const Target local = Target::of(transparent());
  CHECK_EQUAL(local.name, "203.0.113.5");
  CHECK(local.is_address);
  const Target named = Target::of(connect_to("shop.example:8443"));
  CHECK_EQUAL(named.name, "shop.example");
  CHECK_EQUAL(named.port, 8443);
  CHECK(!named.endpoint);
}

UNIT_MAIN(UNIT_TEST(names_are_trusted_in_the_order_of_layers), UNIT_TEST(a_client_that_contradicts_itself_is_found_out),
          UNIT_TEST(an_sni_that_is_no_name_is_an_error), UNIT_TEST(without_a_hello_the_outer_layer_decides))
