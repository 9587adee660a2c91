#include "sallyport/gateway/leaf_trust.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::gateway;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::system_clock::time_point start{1'000'000s};
const IpAddress first = *IpAddress::parse("10.1.0.2");
const IpAddress second = *IpAddress::parse("fd10:1::2");

}  // namespace

TEST(names_count_once_and_taking_one_outweighs_refusals) {
  LeafTrust trust;
  trust.refused(first, "a.test", start);
  trust.refused(first, "a.test", start);
  trust.taken(first, "b.test", start + 1s);
  trust.refused(first, "b.test", start + 2s);
  CHECK(trust.devices().size() == 1);
  CHECK(trust.devices()[0].client == first && trust.devices()[0].last_seen == start + 2s);
  CHECK(trust.devices()[0].names_taken == 1 && trust.devices()[0].names_refused == 1);
  trust.taken(first, "a.test", start + 3s);
  CHECK(trust.devices()[0].names_taken == 2 && trust.devices()[0].names_refused == 0);
}

TEST(who_was_heard_of_last_comes_first) {
  LeafTrust trust;
  trust.taken(first, "a.test", start);
  trust.refused(second, "a.test", start);
  CHECK(trust.devices()[0].client == second && trust.devices()[1].client == first);
  trust.taken(first, "a.test", start);
  CHECK(trust.devices()[0].client == first && trust.devices()[1].client == second);
}

TEST(devices_and_their_names_are_bounded) {
  LeafTrust trust;
  for (unsigned number = 0; number < 200; ++number) {
    trust.taken(first, std::to_string(number) + ".test", start);
  }
  CHECK(trust.devices()[0].names_taken == 64);
  for (unsigned number = 0; number < 3000; ++number) {
    trust.taken(IpAddress::v4({10, 2, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}), "a",
                start);
  }
  CHECK(trust.devices().size() == 1024);
  CHECK(trust.devices()[0].client == *IpAddress::parse("10.2.11.183"));
}

UNIT_MAIN(UNIT_TEST(names_count_once_and_taking_one_outweighs_refusals), UNIT_TEST(who_was_heard_of_last_comes_first),
          UNIT_TEST(devices_and_their_names_are_bounded))
