#include "sallyport/io/event_loop.hpp"

#include <algorithm>
#include <chrono>
#include <list>
#include <string>
#include <vector>

#include "sallyport/io/notification.hpp"

#include "loop_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using test::LoopFixture;

namespace {

// More than a turn has for costly steps beside live connections, less than it has otherwise.
constexpr Duration costly_step = std::chrono::microseconds(250);

// Takes one step in the first turn that has leave for it, and notes which one.
Task<void> take_one(EventLoop& loop, std::vector<std::uint64_t>& turns) {
  while (!loop.take_costly_step()) {
    CHECK(loop.is_behind());
    co_await next_turn(loop);
  }
  turns.push_back(loop.turn());
  const TimePoint end = Clock::now() + costly_step;
  while (Clock::now() < end) {
  }
}

Task<void> many(EventLoop& loop, std::vector<std::uint64_t>& turns) {
  std::list<StartedTask<void>> tasks;
  loop.note_live();
  for (int count = 0; count < 30; ++count) tasks.emplace_back(take_one(loop, turns));
  for (StartedTask<void>& task : tasks) co_await task.join();
  CHECK(loop.is_behind());  // somebody was refused in the turn before
  co_await next_turn(loop);
  co_await next_turn(loop);
  CHECK(!loop.is_behind());
}

// As a worker that has nobody else to serve: a turn takes two steps or more.
Task<void> many_and_nobody_else(EventLoop& loop, std::vector<std::uint64_t>& turns) {
  std::list<StartedTask<void>> tasks;
  for (int count = 0; count < 30; ++count) tasks.emplace_back(take_one(loop, turns));
  for (StartedTask<void>& task : tasks) co_await task.join();
}

// Notes in which order what is made ready runs.
struct Order {
  EventLoop& loop;
  std::string seen;

  template <char name>
  static void note(void* self) {
    static_cast<Order*>(self)->seen += name;
  }
  static void note_and_go_on(void* self) {
    auto& order = *static_cast<Order*>(self);
    order.seen += 'a';
    order.loop.make_ready(&Order::note<'b'>, self);
  }
};

Task<void> make_ready_all_ways(Order& order) {
  order.loop.make_ready_next_turn(&Order::note<'d'>, &order);
  order.loop.make_ready_last(&Order::note<'c'>, &order);
  order.loop.make_ready(&Order::note_and_go_on, &order);
  for (int turns = 0; turns < 3; ++turns) co_await next_turn(order.loop);
  CHECK_EQUAL(order.seen, "abcd");
  order.loop.make_ready_last(&Order::note<'x'>, &order);
  order.loop.forget_ready(&order);
  for (int turns = 0; turns < 3; ++turns) co_await next_turn(order.loop);
  CHECK_EQUAL(order.seen, "abcd");
}

}  // namespace

TEST(what_is_ready_last_comes_behind_all_of_its_turn) {
  LoopFixture fixture;
  Order order{*fixture.loop, {}};
  fixture.run(make_ready_all_ways(order));
}

TEST(a_turn_has_little_time_for_costly_steps_and_nobody_is_forgotten) {
  LoopFixture fixture;
  std::vector<std::uint64_t> turns;
  fixture.run(many(*fixture.loop, turns));
  CHECK_EQUAL(turns.size(), 30U);
  for (const std::uint64_t turn : turns) CHECK(std::ranges::count(turns, turn) == 1);
}

TEST(a_turn_without_live_connections_has_more_time_for_costly_steps) {
  LoopFixture fixture;
  std::vector<std::uint64_t> turns;
  fixture.run(many_and_nobody_else(*fixture.loop, turns));
  CHECK_EQUAL(turns.size(), 30U);
  CHECK(std::ranges::any_of(turns, [&](std::uint64_t turn) { return std::ranges::count(turns, turn) > 1; }));
}

TEST(a_loop_that_refused_nobody_is_not_behind) {
  LoopFixture fixture;
  CHECK(!fixture.loop->is_behind());
  CHECK(fixture.loop->take_costly_step());
  CHECK(!fixture.loop->is_behind());
}

UNIT_MAIN(UNIT_TEST(what_is_ready_last_comes_behind_all_of_its_turn),
          UNIT_TEST(a_turn_has_little_time_for_costly_steps_and_nobody_is_forgotten),
          UNIT_TEST(a_turn_without_live_connections_has_more_time_for_costly_steps),
          UNIT_TEST(a_loop_that_refused_nobody_is_not_behind))
