#include "../../../src/gateway/dials_under_way.hpp"

#include "sallyport/io/notification.hpp"

#include "loop_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using gateway::DialsUnderWay;

namespace {

const std::string key = "client, a.test";

struct Waiting {
  bool over = false;
  std::optional<Error> failure;
};

Task<void> wait(DialsUnderWay& dials, EventLoop& loop, std::string for_key, Cancellation& cancellation,
                Waiting& waiting) {
  waiting.failure = co_await dials.wait(loop, for_key, cancellation);
  waiting.over = true;
}

Task<void> some_turns(EventLoop& loop) {
  for (int turns = 0; turns < 4; ++turns) co_await next_turn(loop);
}

// Two who wait for one dial, one of whom gives up; and how the dial ends.
Task<void> wait_for_one(EventLoop& loop, std::optional<Error> ending, Waiting& patient, Waiting& impatient) {
  DialsUnderWay dials;
  Cancellation never;
  Cancellation soon;
  std::optional<DialsUnderWay::Dial> dial(std::in_place, dials, key);
  StartedTask<void> first(wait(dials, loop, key, never, patient));
  StartedTask<void> second(wait(dials, loop, key, soon, impatient));
  co_await some_turns(loop);
  CHECK(!patient.over && !impatient.over);
  soon.cancel({ErrorKind::cancelled, "the client left"});
  co_await second.join();
  CHECK(!patient.over && !impatient.failure);
  if (ending) dial->failed(*ending);
  dial.reset();
  co_await first.join();
  CHECK(!dials.any(key));
}

std::optional<Error> failure_of(std::optional<Error> ending) {
  test::LoopFixture fixture;
  Waiting patient;
  Waiting impatient;
  fixture.run(wait_for_one(*fixture.loop, std::move(ending), patient, impatient));
  CHECK(patient.over);
  return patient.failure;
}

Task<void> dial_twice(EventLoop& loop) {
  DialsUnderWay dials;
  Cancellation never;
  std::optional<DialsUnderWay::Dial> first(std::in_place, dials, key);
  std::optional<DialsUnderWay::Dial> second(std::in_place, dials, key);
  Waiting waiting;
  StartedTask<void> task(wait(dials, loop, key, never, waiting));
  second.reset();
  co_await task.join();
  CHECK(dials.any(key));
  Waiting again;
  StartedTask<void> next(wait(dials, loop, key, never, again));
  co_await some_turns(loop);
  CHECK(!again.over);
  first.reset();
  co_await next.join();
  CHECK(!dials.any(key));
}

Task<void> wait_for_none(EventLoop& loop) {
  DialsUnderWay dials;
  const DialsUnderWay::Dial other(dials, "another");
  Cancellation never;
  Waiting waiting;
  co_await wait(dials, loop, key, never, waiting);
  CHECK(waiting.over && !waiting.failure);
}

}  // namespace

TEST(all_who_wait_are_told_how_a_dial_ended) {
  CHECK(!failure_of(std::nullopt));
  const std::optional<Error> refused = failure_of(Error{ErrorKind::reset, "connection refused"});
  CHECK(refused && refused->reason == "connection refused");
  // That somebody else gave up says nothing of the origin.
  CHECK(!failure_of(Error{ErrorKind::cancelled, "the client left"}));
}

TEST(the_end_of_one_of_two_dials_wakes_who_waits) {
  test::LoopFixture fixture;
  fixture.run(dial_twice(*fixture.loop));
}

TEST(without_a_dial_nobody_waits) {
  test::LoopFixture fixture;
  fixture.run(wait_for_none(*fixture.loop));
}

UNIT_MAIN(UNIT_TEST(all_who_wait_are_told_how_a_dial_ended), UNIT_TEST(the_end_of_one_of_two_dials_wakes_who_waits),
          UNIT_TEST(without_a_dial_nobody_waits))
