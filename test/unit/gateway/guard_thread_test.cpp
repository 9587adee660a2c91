#include "../../../src/gateway/guard_thread.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <future>
#include <iterator>
#include <vector>

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::gateway;
using namespace sallyport::test;
using namespace std::chrono_literals;

namespace {

struct Bench {
  Bench() {
    auto opened = record::Log::open({.destination = folder.path("log")});
    CHECK_OK(opened);
    log = std::move(*opened);
    recorder.emplace(*log, nullptr, nullptr);
    auto wake = GuardThread::make_wake();
    CHECK_OK(wake);
    thread.emplace(*recorder, unrecorded, std::move(*wake));
  }

  // As a guard's: it waits for nothing but main.
  void run_until_told() {
    thread->start("guard", [this] {
      while (!thread->stopping()) {
        thread->wait(std::nullopt, -1);
        thread->adopt([this](const ConfigurationPtr& configuration) { adopted.push_back(configuration); });
      }
    });
  }

  // What is in the log, in which of the lines that hold this.
  std::size_t logged(const std::string& text) {
    thread->stop();
    log.reset();  // which writes what is queued
    std::ifstream file(folder.path("log"));
    std::size_t count = 0;
    for (std::string line; std::getline(file, line);) count += line.contains(text) ? 1 : 0;
    return count;
  }

  TemporaryFolder folder;
  std::unique_ptr<record::Log> log;
  std::optional<record::Recorder> recorder;
  Counter unrecorded;
  std::optional<GuardThread> thread;
  std::vector<ConfigurationPtr> adopted;  // by the thread; to be read once it has ended or main has waited for it
};

ConfigurationPtr some_configuration() { return std::make_shared<const Configuration>(); }

}  // namespace

TEST(a_configuration_is_in_use_when_main_goes_on) {
  Bench bench;
  bench.run_until_told();
  std::vector<ConfigurationPtr> given;
  for (int round = 0; round < 3; ++round) {
    given.push_back(some_configuration());
    bench.thread->configure(given.back());
    CHECK(bench.adopted == given);
  }
}

TEST(whoever_asks_is_answered_by_the_thread) {
  Bench bench;
  bench.run_until_told();
  std::promise<std::thread::id> answered;
  bench.thread->ping([&] { answered.set_value(std::this_thread::get_id()); });
  CHECK(answered.get_future().get() != std::this_thread::get_id());
}

TEST(main_may_ask_while_a_configuration_is_being_taken) {
  Bench bench;
  std::promise<void> begun;
  std::promise<void> asked;
  bench.thread->start("guard", [&] {
    while (!bench.thread->stopping()) {
      bench.thread->wait(std::nullopt, -1);
      bench.thread->adopt([&](const ConfigurationPtr&) {
        begun.set_value();
        asked.get_future().wait();
      });
    }
  });
  std::thread giver([&] { bench.thread->configure(some_configuration()); });
  begun.get_future().wait();
  std::promise<void> answered;
  bench.thread->ping([&] { answered.set_value(); });  // with a lock held, this would wait for ever
  asked.set_value();
  answered.get_future().wait();
  giver.join();
}

TEST(nobody_waits_for_a_thread_that_has_ended) {
  Bench bench;
  int answers = 0;
  bench.thread->ping([&] { ++answers; });  // or has not begun
  CHECK_EQUAL(answers, 1);
  bench.thread->start("guard", [] {});
  bench.thread->ping([&] { ++answers; });
  bench.thread->stop();
  CHECK_EQUAL(answers, 2);
  bench.thread->ping([&] { ++answers; });
  CHECK_EQUAL(answers, 3);
  bench.thread->stop();
}

TEST(a_wait_ends_with_its_time_or_a_packet) {
  Bench bench;
  bench.thread->wait(GuardThread::Clock::now() - 1h, -1);
  std::array<int, 2> ends{};
  CHECK_EQUAL(::pipe(ends.data()), 0);
  const UniqueFd from(ends[0]);
  const UniqueFd to(ends[1]);
  CHECK_EQUAL(::write(to.get(), "x", 1), 1);
  bench.thread->wait(std::nullopt, from.get());
}

TEST(a_warning_is_written_once) {
  Bench bench;
  for (const char* what : {"first of two", "first of two", "second of two", "first of two"})
    bench.thread->warn_once(what);
  bench.thread->forget_warning();
  bench.thread->warn_once("first of two");
  CHECK_EQUAL(bench.logged("of two"), 4U);
}

TEST(records_are_bounded_in_a_second) {
  Bench bench;
  constexpr unsigned most = 200;
  const auto now = GuardThread::Clock::now() + 1h;
  record::ExchangeRecord record;
  record.host = "flood.test";
  for (unsigned count = 0; count < most + 50; ++count) bench.thread->record(record, now + 999ms);
  CHECK_EQUAL(bench.unrecorded.value(), 50U);
  bench.thread->record(record, now + 1998ms);
  CHECK_EQUAL(bench.unrecorded.value(), 51U);
  bench.thread->record(record, now + 1999ms);
  CHECK_EQUAL(bench.unrecorded.value(), 51U);
  CHECK_EQUAL(bench.logged("flood.test"), most + 1);
}

UNIT_MAIN(UNIT_TEST(a_configuration_is_in_use_when_main_goes_on), UNIT_TEST(whoever_asks_is_answered_by_the_thread),
          UNIT_TEST(main_may_ask_while_a_configuration_is_being_taken),
          UNIT_TEST(nobody_waits_for_a_thread_that_has_ended), UNIT_TEST(a_wait_ends_with_its_time_or_a_packet),
          UNIT_TEST(a_warning_is_written_once), UNIT_TEST(records_are_bounded_in_a_second))
