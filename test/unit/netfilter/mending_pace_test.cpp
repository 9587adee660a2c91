#include "../../../src/netfilter/mending_pace.hpp"

#include "check.hpp"

using namespace sallyport::netfilter;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

const MendingPace::Time begin{hours(1000)};

}  // namespace

TEST(mends_at_once_and_then_ever_more_rarely) {
  MendingPace pace;
  CHECK(pace.earliest() < begin);
  MendingPace::Time now = begin;
  for (int time = 0; time < MendingPace::at_once; ++time) CHECK(pace.mended(now) == seconds(0));
  CHECK(pace.earliest() < begin);
  for (const int pause : {2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
    CHECK(pace.mended(now) == seconds(pause));
    CHECK(pace.earliest() == now + seconds(pause));
    now = pace.earliest();
  }
}

TEST(a_calm_time_makes_it_forget) {
  MendingPace pace;
  for (int time = 0; time <= MendingPace::at_once; ++time) (void)pace.mended(begin);
  CHECK(pace.earliest() == begin + seconds(2));
  CHECK(pace.mended(begin + seconds(10)) == seconds(4));
  CHECK(pace.mended(begin + seconds(10 + 4) + MendingPace::calm + seconds(1)) == seconds(0));
}

UNIT_MAIN(UNIT_TEST(mends_at_once_and_then_ever_more_rarely), UNIT_TEST(a_calm_time_makes_it_forget))
