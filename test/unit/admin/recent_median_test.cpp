#include "../../../src/admin/recent_median.hpp"

#include "check.hpp"

using namespace sallyport::admin;

namespace {

RecentMedian::Counts counts(std::uint64_t first, std::uint64_t second, std::uint64_t last) {
  RecentMedian::Counts made{};
  made[0] = first;   // to 0.5 ms
  made[1] = second;  // to 1 ms
  made.back() = last;
  return made;
}

}  // namespace

TEST(the_median_is_of_what_was_taken_since) {
  RecentMedian median(2);
  CHECK(!median.milliseconds());
  median.sample(counts(100, 0, 0));
  CHECK(!median.milliseconds());
  median.sample(counts(100, 4, 0));
  CHECK(median.milliseconds() == 0.75);
  median.sample(counts(108, 4, 0));
  CHECK(median.milliseconds() == 0.375);
  median.sample(counts(108, 4, 0));
  CHECK(median.milliseconds() == 0.25);
  median.sample(counts(108, 4, 0));
  CHECK(!median.milliseconds());
  median.sample(counts(108, 4, 9));
  CHECK(median.milliseconds() == 60'000.0);
}

UNIT_MAIN(UNIT_TEST(the_median_is_of_what_was_taken_since))
