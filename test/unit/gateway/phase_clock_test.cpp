#include "../../../src/gateway/phase_clock.hpp"

#include <numeric>
#include <thread>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::gateway;
using record::Phase;
using std::chrono::milliseconds;

TEST(phases_add_up_to_the_whole) {
  PhaseClock clock;
  for (const Phase phase : {Phase::send, Phase::wait, Phase::gateway, Phase::transfer}) clock.enter(phase);
  record::Timing timing;
  const std::chrono::microseconds whole = clock.stop(timing);
  CHECK(whole == std::accumulate(timing.spent.begin(), timing.spent.end(), std::chrono::microseconds(0)));
}

TEST(waiting_is_told_by_the_steps_of_opening) {
  PhaseClock clock;
  const io::TimePoint began = io::Clock::now();
  // As if half of the way lay before the exchange.
  std::this_thread::sleep_until(began + milliseconds(4));
  const http::OpeningTimes times{.began = began - milliseconds(5),
                                 .resolved = began + milliseconds(1),
                                 .connected = began + milliseconds(2),
                                 .secured = began + milliseconds(3)};
  clock.waited_for(&times);
  record::Timing timing;
  CHECK(clock.stop(timing) >= milliseconds(4));
  CHECK(timing.of(Phase::dns) >= milliseconds(1));
  CHECK(timing.of(Phase::connect) == milliseconds(1));
  CHECK(timing.of(Phase::tls) == milliseconds(1));
  CHECK(timing.of(Phase::queue) >= milliseconds(1));
}

TEST(an_opening_that_stopped_has_all_the_rest) {
  PhaseClock clock;
  const io::TimePoint began = io::Clock::now();
  std::this_thread::sleep_until(began + milliseconds(2));
  const http::OpeningTimes times{.began = began, .resolved = began, .connected = {}, .secured = {}};
  clock.waited_for(&times);
  record::Timing timing;
  CHECK(clock.stop(timing) >= milliseconds(2));
  CHECK(timing.of(Phase::connect) >= milliseconds(2));
  CHECK(timing.of(Phase::tls) == milliseconds(0));
}

TEST(an_old_connection_took_no_time) {
  PhaseClock clock;
  const io::TimePoint past = io::Clock::now() - milliseconds(100);
  const http::OpeningTimes times{.began = past, .resolved = past, .connected = past, .secured = past};
  clock.waited_for(&times);
  clock.waited_for(nullptr);
  record::Timing timing;
  const std::chrono::microseconds whole = clock.stop(timing);
  CHECK(whole == timing.of(Phase::queue) + timing.of(Phase::gateway));
}

UNIT_MAIN(UNIT_TEST(phases_add_up_to_the_whole), UNIT_TEST(waiting_is_told_by_the_steps_of_opening),
          UNIT_TEST(an_opening_that_stopped_has_all_the_rest), UNIT_TEST(an_old_connection_took_no_time))
