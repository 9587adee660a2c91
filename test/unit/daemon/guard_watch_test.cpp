#include "../../../src/daemon/guard_watch.hpp"

#include <fstream>

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::daemon;
using namespace sallyport::test;
using namespace std::chrono_literals;

TEST(silence_and_its_end_are_logged_once_each) {
  TemporaryFolder folder;
  auto log = record::Log::open({.destination = folder.path("log")});
  CHECK_OK(log);
  std::function<void()> owed;
  GuardWatch watch("the thread that guards", "nobody is guarded",
                   [&](const std::function<void()>& answered) { owed = answered; });
  gateway::RollCall::TimePoint now{1h};
  const auto look = [&] {
    watch.look(now, **log);
    now += GuardWatch::interval;
    return watch.silent();
  };
  CHECK(!look() && !look());
  CHECK(look() && look());
  owed();
  CHECK(!look());
  owed();
  CHECK(!look());
  log->reset();
  std::ifstream file(folder.path("log"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  CHECK_EQUAL(lines.size(), 2U);
  CHECK(lines[0].ends_with("warning the thread that guards does not answer: nobody is guarded"));
  CHECK(lines[1].ends_with("warning the thread that guards answers again"));
}

UNIT_MAIN(UNIT_TEST(silence_and_its_end_are_logged_once_each))
