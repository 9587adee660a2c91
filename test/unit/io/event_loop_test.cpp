#include "sallyport/io/event_loop.hpp"

#include <algorithm>
#include <list>
#include <vector>

#include "sallyport/io/notification.hpp"

#include "loop_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using test::LoopFixture;

namespace {

// Takes one step in the first turn that has leave for it, and notes which one.
Task<void> take_one(EventLoop& loop, std::vector<std::uint64_t>& turns) {
  while (!loop.take_costly_step()) {
    CHECK(loop.is_behind());
    co_await next_turn(loop);
  }
  turns.push_back(loop.turn());
}

Task<void> many(EventLoop& loop, std::vector<std::uint64_t>& turns) {
  std::list<StartedTask<void>> tasks;
  for (int count = 0; count < 30; ++count) tasks.emplace_back(take_one(loop, turns));
  for (StartedTask<void>& task : tasks) co_await task.join();
  CHECK(loop.is_behind());  // somebody was refused in the turn before
  co_await next_turn(loop);
  co_await next_turn(loop);
  CHECK(!loop.is_behind());
}

}  // namespace

TEST(a_turn_has_few_costly_steps_and_nobody_is_forgotten) {
  LoopFixture fixture;
  std::vector<std::uint64_t> turns;
  fixture.run(many(*fixture.loop, turns));
  CHECK_EQUAL(turns.size(), 30U);
  for (const std::uint64_t turn : turns) CHECK(std::ranges::count(turns, turn) <= 3);
}

TEST(a_loop_that_refused_nobody_is_not_behind) {
  LoopFixture fixture;
  CHECK(!fixture.loop->is_behind());
  CHECK(fixture.loop->take_costly_step());
  CHECK(!fixture.loop->is_behind());
}

UNIT_MAIN(UNIT_TEST(a_turn_has_few_costly_steps_and_nobody_is_forgotten),
          UNIT_TEST(a_loop_that_refused_nobody_is_not_behind))
