#include "sallyport/netfilter/policy_routing.hpp"

#include <sstream>
#include <vector>

#include "check.hpp"
#include "private_network.hpp"

using namespace sallyport;
using namespace sallyport::netfilter;
using sallyport::test::enter_private_network;
using sallyport::test::ip;

namespace {

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen(("PATH=$PATH:/usr/sbin:/sbin; " + command).c_str(), "r");
  CHECK(pipe != nullptr);
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  pclose(pipe);
  return output;
}

std::string routing() { return output_of("ip rule; ip -6 rule; ip route show table all; ip -6 route show table all"); }

struct Outcome {
  int status;
  std::string out;
  std::string err;
};

Outcome run(std::vector<std::string> arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int status = run_policy_routes(arguments, out, err);
  return {status, out.str(), err.str()};
}

}  // namespace

TEST(usage_and_constants) {
  CHECK_EQUAL(run({}).status, 64);
  CHECK_EQUAL(run({"sideways"}).status, 64);
  CHECK_EQUAL(run({"up", "again"}).status, 64);
  CHECK_EQUAL(run({"show"}).out, "MARK=16777216\nMASK=16777216\nTABLE=443\nPRIORITY=443\n");
}

TEST(puts_up_checks_and_takes_down) {
  if (!enter_private_network()) return;
  CHECK(ip("link set lo up"));
  const std::string before = routing();
  const PolicyRoutes routes;
  CHECK(check_policy_routes(routes)->absent());
  CHECK_EQUAL(run({"status"}).status, 3);

  CHECK_OK(put_up_policy_routes(routes));
  CHECK(check_policy_routes(routes)->complete());
  const std::string up = routing();
  CHECK(up.find("443:\tfrom all fwmark 0x1000000/0x1000000 lookup 443") != std::string::npos);
  CHECK(up.find("442:\tfrom all fwmark 0x1000000/0x1000000 iif lo goto 444") != std::string::npos);
  CHECK(up.find("local default dev lo table 443") != std::string::npos);

  CHECK_OK(put_up_policy_routes(routes));  // again: nothing is doubled
  CHECK_EQUAL(routing(), up);
  CHECK_EQUAL(run({"status"}).out, "policy routes, IPv4: up\npolicy routes, IPv6: up\n");

  CHECK(ip("rule del fwmark 0x1000000/0x1000000 table 443"));
  CHECK(!check_policy_routes(routes)->complete());
  CHECK_EQUAL(run({"status"}).out, "policy routes, IPv4: incomplete\npolicy routes, IPv6: up\n");
  CHECK_EQUAL(run({"up"}).status, 0);
  CHECK_EQUAL(routing(), up);

  for (const char* lost : {"442", "444"}) {
    CHECK(ip(std::string("rule del priority ") + lost));
    CHECK(!check_policy_routes(routes)->complete());
    CHECK_OK(put_up_policy_routes(routes));
    CHECK_EQUAL(routing(), up);
  }

  CHECK_OK(take_down_policy_routes(routes));
  CHECK_EQUAL(routing(), before);
  CHECK_OK(take_down_policy_routes(routes));
}

TEST(leaves_other_rules_alone) {
  if (!enter_private_network()) return;
  CHECK(ip("link set lo up"));
  CHECK(ip("rule add fwmark 0x1 table 443 priority 443") && ip("rule add fwmark 0x1000000/0x1000000 table 99"));
  const std::string before = routing();
  CHECK_OK(put_up_policy_routes(PolicyRoutes{}));
  CHECK_OK(take_down_policy_routes(PolicyRoutes{}));
  CHECK_EQUAL(routing(), before);
}

UNIT_MAIN(UNIT_TEST(usage_and_constants), UNIT_TEST(puts_up_checks_and_takes_down), UNIT_TEST(leaves_other_rules_alone))
