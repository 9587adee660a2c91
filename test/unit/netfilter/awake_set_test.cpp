#include "sallyport/netfilter/awake_set.hpp"

#include <array>
#include <cstdint>

#include "check.hpp"
#include "private_network.hpp"

using namespace sallyport;
using namespace sallyport::netfilter;
using namespace sallyport::test;

namespace {

// With a set, the laboratory tries it (when_stopped).
TEST(where_rules_do_not_ask_there_is_no_set) {
  if (!enter_private_network()) return;
  const auto set = AwakeSet::open(AwakeSet::of_connections);
  CHECK_OK(set);
  const auto exists = set->exists();
  CHECK_OK(exists);
  CHECK(!*exists);
  const auto renewed = set->renew(std::array<std::uint16_t, 2>{443, 80});
  CHECK_OK(renewed);
  CHECK(!*renewed);
  CHECK_OK(set->clear());
}

}  // namespace

UNIT_MAIN(UNIT_TEST(where_rules_do_not_ask_there_is_no_set))
