#include "../../../src/admin/same_site.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::admin;

namespace {

const Gate on_loopback{*Endpoint::parse("127.0.0.1:8081"), false, "sallyport.internal"};
const Gate on_network{*Endpoint::parse("[2001:db8::1]:8081"), true, "sallyport.internal"};

http::RequestHead request_for(std::string authority) {
  http::RequestHead request;
  request.method = "POST";
  request.authority = std::move(authority);
  request.path = "/";
  return request;
}

bool may_be_called(const Gate& gate, const char* host) { return check_host(request_for(host), gate).has_value(); }

bool may_come_from(const Gate& gate, const char* origin, const char* site = nullptr) {
  http::RequestHead request = request_for(gate.local.to_string());
  if (origin != nullptr) request.fields.add("Origin", origin);
  if (site != nullptr) request.fields.add("Sec-Fetch-Site", site);
  return check_origin(request, gate).has_value();
}

}  // namespace

TEST(only_our_own_names_are_ours) {
  for (const char* const host : {"127.0.0.1:8081", "localhost:8081", "sallyport.internal:8081"}) {
    CHECK(may_be_called(on_loopback, host));
  }
  for (const char* const host :
       {"127.0.0.1", "127.0.0.1:80", "127.0.0.2:8081", "[::1]:8081", "attacker.example:8081", "127.0.0.1.nip.io:8081",
        "localhost.:80", "localhost.attacker.example:8081", "", "2130706433:8081", "localhost:8081@attacker.example"}) {
    CHECK(!may_be_called(on_loopback, host));
  }
  CHECK(may_be_called(on_network, "[2001:db8::1]:8081"));
  CHECK(may_be_called(on_network, "sallyport.internal:8081"));
  CHECK(!may_be_called(on_network, "localhost:8081"));
  CHECK(!may_be_called(on_network, "[2001:db8::2]:8081"));
}

TEST(an_address_that_needs_no_port_is_called_without) {
  const Gate gate{*Endpoint::parse("192.0.2.1:443"), true, "sallyport.internal"};
  CHECK(may_be_called(gate, "192.0.2.1") && may_be_called(gate, "192.0.2.1:443") &&
        !may_be_called(gate, "192.0.2.1:80"));
}

TEST(pages_of_others_are_refused) {
  CHECK(may_come_from(on_loopback, nullptr));
  CHECK(may_come_from(on_loopback, "http://127.0.0.1:8081", "same-origin"));
  CHECK(may_come_from(on_loopback, nullptr, "none"));
  CHECK(may_come_from(on_network, "https://[2001:db8::1]:8081"));
  for (const char* const origin : {"null", "", "http://attacker.example", "http://127.0.0.1", "http://127.0.0.1:3000",
                                   "https://127.0.0.1:8081", "http://localhost:8081", "http://127.0.0.1:8081/x"}) {
    CHECK(!may_come_from(on_loopback, origin));
  }
  for (const char* const site : {"cross-site", "same-site", "", "odd"})
    CHECK(!may_come_from(on_loopback, nullptr, site));
  http::RequestHead twice = request_for("127.0.0.1:8081");
  twice.fields.add("Origin", "http://127.0.0.1:8081");
  twice.fields.add("Origin", "http://attacker.example");
  CHECK(!check_origin(twice, on_loopback));
}

TEST(a_cookie_is_found_among_others) {
  http::Fields fields;
  CHECK(!cookie(fields, "a"));
  fields.add("cookie", "b=2; a=1;aa=3 ; c");
  fields.add("Cookie", "d==; e=\"x\"");
  CHECK(cookie(fields, "a") == "1");
  CHECK(cookie(fields, "b") == "2");
  CHECK(cookie(fields, "aa") == "3");
  CHECK(cookie(fields, "d") == "=");
  CHECK(!cookie(fields, "c") && !cookie(fields, "A") && !cookie(fields, ""));
}

UNIT_MAIN(UNIT_TEST(only_our_own_names_are_ours), UNIT_TEST(an_address_that_needs_no_port_is_called_without),
          UNIT_TEST(pages_of_others_are_refused), UNIT_TEST(a_cookie_is_found_among_others))
