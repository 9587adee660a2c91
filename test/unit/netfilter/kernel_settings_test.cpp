#include "sallyport/netfilter/kernel_settings.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "check.hpp"
#include "private_network.hpp"
#include "temporary_folder.hpp"

using namespace sallyport::netfilter;

namespace {

void set(const std::string& path, int value) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << value << '\n';
}

}  // namespace

TEST(says_what_is_in_the_way) {
  const sallyport::test::TemporaryFolder folder;
  const std::string sysctls = folder.path("sys");
  const std::vector<std::string> interfaces{"lan0"};
  CHECK(kernel_obstacles(interfaces, sysctls).empty());  // a kernel without any of them

  set(sysctls + "/net/ipv4/ip_forward", 0);
  set(sysctls + "/net/ipv6/conf/all/forwarding", 1);
  set(sysctls + "/net/bridge/bridge-nf-call-iptables", 1);
  const std::vector<Obstacle> found = kernel_obstacles(interfaces, sysctls);
  CHECK_EQUAL(found.size(), 1u);
  CHECK_EQUAL(found.front().to_string(),
              "net.ipv4.ip_forward is 0: clients' other traffic (DNS, for one) is not routed; set it to 1");
}

TEST(bridges_want_their_rules_asked_once) {
  if (!sallyport::test::enter_private_network()) return;
  const sallyport::test::TemporaryFolder folder;
  const std::string sysctls = folder.path("sys");
  set(sysctls + "/net/bridge/bridge-nf-call-iptables", 1);
  const std::vector<std::string> interfaces{"lan0", "br0"};
  CHECK(kernel_obstacles(interfaces, sysctls).empty());
  if (!sallyport::test::ip("link add br0 type bridge 2>/dev/null")) return;  // a kernel without bridges
  const std::vector<Obstacle> found = kernel_obstacles(interfaces, sysctls);
  CHECK_EQUAL(found.size(), 1u);
  CHECK_EQUAL(found.front().setting, "net.bridge.bridge-nf-call-iptables");
  CHECK_EQUAL(found.front().wanted, 0);
}

UNIT_MAIN(UNIT_TEST(says_what_is_in_the_way), UNIT_TEST(bridges_want_their_rules_asked_once))
