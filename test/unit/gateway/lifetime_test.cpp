#include "sallyport/gateway/lifetime.hpp"

#include <optional>
#include <string>

#include "check.hpp"

using namespace sallyport::gateway;

namespace {

using Drains = std::optional<Lifetime::OnDrain>;

TEST(whoever_lives_in_it_is_told_once) {
  Lifetime lifetime;
  std::string told;
  Drains first(std::in_place, lifetime, [&] { told += 'a'; });
  Drains second(std::in_place, lifetime, [&] { told += 'b'; });
  Drains third(std::in_place, lifetime, [&] { told += 'c'; });
  Drains last(std::in_place, lifetime, [&] { told += 'd'; });
  // In no order of their coming: one in the middle, the oldest, the newest.
  second.reset();
  first.reset();
  last.reset();
  lifetime.drain();
  lifetime.drain();
  CHECK_EQUAL(told, "c");
}

TEST(all_of_several_are_told) {
  Lifetime lifetime;
  int told = 0;
  const Lifetime::OnDrain one(lifetime, [&] { ++told; });
  const Lifetime::OnDrain another(lifetime, [&] { ++told; });
  lifetime.drain();
  CHECK_EQUAL(told, 2);
}

TEST(who_comes_late_is_told_at_once) {
  Lifetime lifetime;
  lifetime.drain();
  int told = 0;
  const Lifetime::OnDrain late(lifetime, [&] { ++told; });
  CHECK_EQUAL(told, 1);
}

}  // namespace

UNIT_MAIN(UNIT_TEST(whoever_lives_in_it_is_told_once), UNIT_TEST(all_of_several_are_told),
          UNIT_TEST(who_comes_late_is_told_at_once))
