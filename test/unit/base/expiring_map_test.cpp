#include "sallyport/base/expiring_map.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace std::chrono_literals;

namespace {

const ExpiringMap<int>::TimePoint start{};

int value_of(ExpiringMap<int>& map, const std::string& key, ExpiringMap<int>::TimePoint now) {
  const int* const found = map.find(key, now);
  return found == nullptr ? -1 : *found;
}

}  // namespace

TEST(a_value_is_there_until_its_time) {
  ExpiringMap<int> map(4);
  map.put("a", 1, start + 10s);
  CHECK_EQUAL(value_of(map, "a", start + 9s), 1);
  CHECK_EQUAL(value_of(map, "b", start), -1);
  CHECK_EQUAL(value_of(map, "a", start + 10s), -1);
  CHECK_EQUAL(map.size(), 0U);
}

TEST(putting_again_replaces_value_and_time) {
  ExpiringMap<int> map(4);
  map.put("a", 1, start + 10s);
  map.put("a", 2, start + 20s);
  CHECK_EQUAL(map.size(), 1U);
  CHECK_EQUAL(value_of(map, "a", start + 15s), 2);
  map.erase("a");
  map.erase("a");
  CHECK_EQUAL(value_of(map, "a", start), -1);
}

TEST(a_full_map_forgets_what_was_put_first) {
  ExpiringMap<int> map(2);
  map.put("a", 1, start + 10s);
  map.put("b", 2, start + 10s);
  map.put("a", 3, start + 10s);
  map.put("c", 4, start + 10s);
  CHECK_EQUAL(map.size(), 2U);
  CHECK_EQUAL(value_of(map, "a", start), 3);
  CHECK_EQUAL(value_of(map, "b", start), -1);
  CHECK_EQUAL(value_of(map, "c", start), 4);
}

UNIT_MAIN(UNIT_TEST(a_value_is_there_until_its_time), UNIT_TEST(putting_again_replaces_value_and_time),
          UNIT_TEST(a_full_map_forgets_what_was_put_first))
