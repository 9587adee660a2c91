#include "sallyport/record/live_tap.hpp"

#include <thread>

#include "check.hpp"

using namespace sallyport::record;

TEST(lines_are_kept_for_who_watches_alone) {
  LiveTap tap(4);
  tap.add("before");
  CHECK(tap.take().lines.empty());
  tap.watch(true);
  tap.add("a");
  tap.add("b");
  CHECK(tap.take().lines == std::vector<std::string>({"a", "b"}));
  CHECK(tap.take().lines.empty());
  tap.add("c");
  tap.watch(false);
  tap.watch(true);
  CHECK(tap.take().lines.empty());
}

TEST(what_is_too_much_is_counted) {
  LiveTap tap(2);
  tap.watch(true);
  for (int number = 0; number < 7; ++number) tap.add("x");
  const LiveTap::Lines taken = tap.take();
  CHECK(taken.lines.size() == 2 && taken.skipped == 5);
  tap.add("y");
  CHECK(tap.take().lines.size() == 1);
}

TEST(threads_add_beside_one_another) {
  LiveTap tap(10'000);
  tap.watch(true);
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&tap] {
      for (int line = 0; line < 5'000; ++line) tap.add("line");
    });
  }
  std::uint64_t seen = 0;
  const auto take = [&] {
    const LiveTap::Lines taken = tap.take();
    seen += taken.lines.size() + taken.skipped;
  };
  for (int round = 0; round < 100; ++round) take();
  for (std::thread& thread : threads) thread.join();
  take();
  CHECK(seen == 20'000);
}

UNIT_MAIN(UNIT_TEST(lines_are_kept_for_who_watches_alone), UNIT_TEST(what_is_too_much_is_counted),
          UNIT_TEST(threads_add_beside_one_another))
