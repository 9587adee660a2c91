// Costly steps: a turn has few of them, whoever is refused has its turn, and the loop knows that it is behind.
#include "sallyport/io/costly_steps.hpp"

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
  while (!take_costly_step(loop)) {
    CHECK(is_behind(loop));
    co_await next_turn(loop);
  }
  turns.push_back(loop.turn());
}

Task<void> many(EventLoop& loop, std::vector<std::uint64_t>& turns) {
  std::list<StartedTask<void>> tasks;
  for (int count = 0; count < 30; ++count) tasks.emplace_back(take_one(loop, turns));
  for (StartedTask<void>& task : tasks) co_await task.join();
  CHECK(is_behind(loop));  // somebody was refused in the turn before
  co_await next_turn(loop);
  co_await next_turn(loop);
  CHECK(!is_behind(loop));
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
  CHECK(!is_behind(*fixture.loop));
  CHECK(take_costly_step(*fixture.loop));
  CHECK(!is_behind(*fixture.loop));
}

UNIT_MAIN(UNIT_TEST(a_turn_has_few_costly_steps_and_nobody_is_forgotten),
          UNIT_TEST(a_loop_that_refused_nobody_is_not_behind))
