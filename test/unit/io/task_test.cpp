#include "sallyport/io/task.hpp"

#include <algorithm>
#include <memory>

#include "sallyport/io/notification.hpp"

#include "loop_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using test::LoopFixture;

namespace {

Task<int> one() { co_return 1; }

Task<int> nested(int depth) {
  if (depth == 0) co_return 1;
  const int below = co_await nested(depth - 1);
  co_return below + 1;
}

Task<void> sum_synchronously(int count, long& sum) {
  for (int i = 0; i < count; ++i) {
    const int value = co_await one();
    sum += value;
  }
}

Task<int> after_notice(Notification& notice) {
  co_await notice.wait_until();
  co_return 7;
}

Task<void> join_later(EventLoop& loop, int& result) {
  Notification notice(loop);
  StartedTask<int> started(after_notice(notice));
  CHECK(!started.done());
  notice.notify();
  result = co_await started.join();
}

Task<void> holds(std::shared_ptr<int> held, Notification& notice) {
  co_await notice.wait_until();
  *held += 1;
}

Task<void> start_and_join(EventLoop& loop, std::shared_ptr<int> counted) {
  Notification notice(loop);
  StartedTask<void> started(holds(counted, notice));
  CHECK_EQUAL(counted.use_count(), 3L);
  notice.notify();
  co_await started.join();
  CHECK_EQUAL(*counted, 1);
  CHECK_EQUAL(counted.use_count(), 2L);
}

Task<void> sleep_twice(EventLoop& loop, Duration& slept) {
  const TimePoint start = Clock::now();
  co_await sleep_until(loop, loop.now() + std::chrono::milliseconds(5));
  co_await sleep_until(loop, loop.now() - std::chrono::seconds(1));
  slept = Clock::now() - start;
}

}  // namespace

TEST(a_million_synchronous_awaits_need_no_stack) {
  LoopFixture fixture;
  long sum = 0;
  fixture.run(sum_synchronously(1'000'000, sum));
  CHECK_EQUAL(sum, 1'000'000L);
}

TEST(tasks_nest) {
  LoopFixture fixture;
  int result = 0;
  static constexpr auto body = [](int& out) -> Task<void> { out = co_await nested(100); };
  fixture.run(body(result));
  CHECK_EQUAL(result, 101);
}

TEST(a_started_task_is_joined_with_its_value) {
  LoopFixture fixture;
  int result = 0;
  fixture.run(join_later(*fixture.loop, result));
  CHECK_EQUAL(result, 7);
}

TEST(a_started_task_gives_up_its_frame_when_it_ends) {
  LoopFixture fixture;
  auto counted = std::make_shared<int>(0);
  fixture.run(start_and_join(*fixture.loop, counted));
  CHECK_EQUAL(counted.use_count(), 1L);
}

TEST(sleeping_takes_the_time_and_the_past_takes_none) {
  LoopFixture fixture;
  Duration least = Duration::max();
  for (int round = 0; round < 10 && least >= std::chrono::milliseconds(900); ++round) {
    Duration slept{};
    fixture.run(sleep_twice(*fixture.loop, slept));
    CHECK(slept >= std::chrono::milliseconds(5));
    least = std::min(least, slept);
  }
  CHECK(least < std::chrono::milliseconds(900));
}

TEST(posted_jobs_run_in_order_on_the_loop) {
  LoopFixture fixture;
  std::string order;
  fixture.loop->post([&] { order += 'a'; });
  fixture.loop->post([&] { order += 'b'; });
  fixture.loop->stop();
  fixture.loop->run();
  CHECK_EQUAL(order, "ab");
}

UNIT_MAIN(UNIT_TEST(a_million_synchronous_awaits_need_no_stack), UNIT_TEST(tasks_nest),
          UNIT_TEST(a_started_task_is_joined_with_its_value), UNIT_TEST(a_started_task_gives_up_its_frame_when_it_ends),
          UNIT_TEST(sleeping_takes_the_time_and_the_past_takes_none), UNIT_TEST(posted_jobs_run_in_order_on_the_loop))
