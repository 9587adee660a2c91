// Waits that end early: taken back, forgotten, cancelled.
#include <string>
#include <vector>

#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/notification.hpp"

#include "loop_fixture.hpp"
#include "stream_steps.hpp"

using namespace sallyport;
using namespace sallyport::io;
using std::chrono::milliseconds;
using test::LoopFixture;

namespace {

struct Told final : StreamWaiter {
  void on_wait_over(WaitOutcome outcome) override { outcomes.push_back(outcome); }
  [[nodiscard]] bool once(WaitOutcome outcome) const { return outcomes == std::vector<WaitOutcome>{outcome}; }

  std::vector<WaitOutcome> outcomes;
};

Task<void> some_turns(EventLoop& loop) { co_await sleep_until(loop, Clock::now() + milliseconds(10)); }

// So that the next wait really waits for the kernel.
void drain_readiness(Stream& stream) {
  std::uint8_t byte = 0;
  CHECK_EQUAL(stream.try_read({&byte, 1}).state, Attempt::State::wait_readable);
}

// An entry of the ready queue that, when called, forgets another one.
struct Forgetful {
  EventLoop& loop;
  void* other;
  int calls = 0;

  static void call(void* self) {
    auto& forgetful = *static_cast<Forgetful*>(self);
    ++forgetful.calls;
    forgetful.loop.forget_ready(forgetful.other);
  }
};

struct Cancelled {
  static void call(void* self, const Error& why) { static_cast<Cancelled*>(self)->reasons.push_back(why.reason); }
  std::vector<std::string> reasons;
};

}  // namespace

TEST(a_wait_taken_back_is_never_told) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  drain_readiness(*left);
  Told first, second, third;
  for (Told* waiter : {&first, &second, &third}) left->wait(Interest::readable, *waiter);
  left->stop_waiting(second);
  left->stop_waiting(second);  // no harm
  CHECK_EQUAL(right->try_write(bytes_of("x")).count, 1U);
  fixture.run(some_turns(*fixture.loop));
  CHECK(first.once(WaitOutcome::ready));
  CHECK(second.outcomes.empty());
  CHECK(third.once(WaitOutcome::ready));
}

TEST(a_wait_can_be_taken_back_after_it_was_queued) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  Told readable, closed, other;
  left->wait(Interest::readable, readable);  // worth trying: told from the ready queue
  left->stop_waiting(readable);
  drain_readiness(*left);
  left->wait(Interest::readable, closed);
  left->wait(Interest::readable, other);
  left->close({ErrorKind::cancelled, "over"});
  left->stop_waiting(closed);
  fixture.run(some_turns(*fixture.loop));
  CHECK(readable.outcomes.empty());
  CHECK(closed.outcomes.empty());
  CHECK(other.once(WaitOutcome::closed));
}

TEST(a_wait_taken_back_does_not_meet_its_deadline) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  drain_readiness(*left);
  Told gone, patient;
  left->set_deadline(Clock::now() + milliseconds(2));
  left->wait(Interest::readable, gone);
  left->wait(Interest::readable, patient);
  left->stop_waiting(gone);
  fixture.run(some_turns(*fixture.loop));
  CHECK(gone.outcomes.empty());
  CHECK(patient.once(WaitOutcome::timed_out));
}

TEST(a_passed_deadline_ends_the_next_wait_too) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  drain_readiness(*left);
  left->set_deadline(Clock::now() - milliseconds(1));
  for (int i = 0; i < 2; ++i) {
    Told told;
    left->wait(Interest::readable, told);
    fixture.run(some_turns(*fixture.loop));
    CHECK(told.once(WaitOutcome::timed_out));
  }
}

TEST(a_deadline_taken_away_is_not_met) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  drain_readiness(*left);
  Told told;
  left->set_deadline(Clock::now() + milliseconds(2));
  left->wait(Interest::readable, told);
  left->set_deadline(never);
  fixture.run(some_turns(*fixture.loop));
  CHECK(told.outcomes.empty());
  left->stop_waiting(told);
}

TEST(what_is_ready_can_be_forgotten_in_the_same_turn) {
  LoopFixture fixture;
  Forgetful second{*fixture.loop, nullptr};
  Forgetful first{*fixture.loop, &second};
  Forgetful third{*fixture.loop, nullptr};
  for (Forgetful* one : {&first, &second, &third}) fixture.loop->make_ready(&Forgetful::call, one);
  fixture.run(some_turns(*fixture.loop));
  CHECK_EQUAL(first.calls, 1);
  CHECK_EQUAL(second.calls, 0);
  CHECK_EQUAL(third.calls, 1);
}

TEST(cancelling_tells_every_watch_once_with_the_first_reason) {
  Cancellation cancellation;
  Cancelled first, gone, last, late;
  const Cancellation::Watch watch_first(cancellation, &Cancelled::call, &first);
  {
    const Cancellation::Watch watch_gone(cancellation, &Cancelled::call, &gone);
    const Cancellation::Watch watch_last(cancellation, &Cancelled::call, &last);
    CHECK(!cancellation.cancelled());
    cancellation.cancel({ErrorKind::cancelled, "shutdown"});
    cancellation.cancel({ErrorKind::reset, "something else"});
  }
  const Cancellation::Watch watch_late(cancellation, &Cancelled::call, &late);
  for (const Cancelled* one : {&first, &gone, &last, &late})
    CHECK(one->reasons == std::vector<std::string>{"shutdown"});
  CHECK_EQUAL(cancellation.why().kind, ErrorKind::cancelled);
}

TEST(a_watch_in_the_middle_may_go) {
  Cancellation cancellation;
  Cancelled outer, middle, inner;
  const Cancellation::Watch watch_outer(cancellation, &Cancelled::call, &outer);
  auto watch_middle = std::make_unique<Cancellation::Watch>(cancellation, &Cancelled::call, &middle);
  const Cancellation::Watch watch_inner(cancellation, &Cancelled::call, &inner);
  watch_middle.reset();
  cancellation.cancel({ErrorKind::cancelled, "over"});
  CHECK_EQUAL(outer.reasons.size(), 1U);
  CHECK_EQUAL(middle.reasons.size(), 0U);
  CHECK_EQUAL(inner.reasons.size(), 1U);
}

UNIT_MAIN(UNIT_TEST(a_wait_taken_back_is_never_told), UNIT_TEST(a_wait_can_be_taken_back_after_it_was_queued),
          UNIT_TEST(a_wait_taken_back_does_not_meet_its_deadline), UNIT_TEST(a_passed_deadline_ends_the_next_wait_too),
          UNIT_TEST(a_deadline_taken_away_is_not_met), UNIT_TEST(what_is_ready_can_be_forgotten_in_the_same_turn),
          UNIT_TEST(cancelling_tells_every_watch_once_with_the_first_reason), UNIT_TEST(a_watch_in_the_middle_may_go))
