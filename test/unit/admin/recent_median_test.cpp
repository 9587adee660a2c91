#include "../../../src/admin/recent_median.hpp"

#include <cmath>

#include "check.hpp"

using namespace sallyport::admin;

namespace {

RecentMedian::Counts counts(std::uint64_t first, std::uint64_t second, std::uint64_t last) {
  RecentMedian::Counts made{};
  made[0] = first;   // to 0.1 ms
  made[1] = second;  // to 0.25 ms
  made.back() = last;
  return made;
}

bool about(const RecentMedian& median, double milliseconds) {
  const std::optional<double> found = median.milliseconds();
  return found && std::abs(*found - milliseconds) < 1e-9;
}

}  // namespace

TEST(the_median_is_of_what_was_taken_since) {
  RecentMedian median(2);
  CHECK(!median.milliseconds());
  median.sample(counts(100, 0, 0));
  CHECK(!median.milliseconds());
  median.sample(counts(100, 4, 0));
  CHECK(about(median, 0.175));
  median.sample(counts(108, 4, 0));
  CHECK(about(median, 0.075));
  median.sample(counts(108, 4, 0));
  CHECK(about(median, 0.05));
  median.sample(counts(108, 4, 0));
  CHECK(!median.milliseconds());
  median.sample(counts(108, 4, 9));
  CHECK(about(median, 60'000));
}

UNIT_MAIN(UNIT_TEST(the_median_is_of_what_was_taken_since))
