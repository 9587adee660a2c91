#include "sallyport/gateway/roll_call.hpp"

#include <thread>
#include <vector>

#include "check.hpp"

using namespace sallyport::gateway;
using namespace std::chrono_literals;

namespace {

// Threads that answer when they are told to.
struct Members {
  std::vector<std::function<void()>> owed;
  RollCall::Ask ask() {
    return [this](const std::function<void()>& answered) { owed.push_back(answered); };
  }
};

constexpr RollCall::TimePoint begin{1h};

}  // namespace

TEST(who_answers_is_asked_anew) {
  Members members;
  RollCall call(1, members.ask());
  for (int round = 1; round <= 3; ++round) {
    CHECK(call.held(begin + round * 1h, 3s));
    CHECK_EQUAL(members.owed.size(), static_cast<std::size_t>(round));
    members.owed.back()();
  }
}

TEST(who_owes_an_answer_has_some_patience_and_no_second_question) {
  Members members;
  RollCall call(1, members.ask());
  CHECK(call.held(begin, 3s));
  CHECK(call.held(begin + 3s, 3s));
  CHECK(!call.held(begin + 3s + 1ms, 3s));
  CHECK(!call.held(begin + 1h, 3s));
  CHECK_EQUAL(members.owed.size(), 1U);
  members.owed[0]();
  CHECK(call.held(begin + 2h, 3s));
  CHECK_EQUAL(members.owed.size(), 2U);
  CHECK(!call.held(begin + 2h + 4s, 3s));
}

TEST(one_silent_member_of_several_is_enough) {
  Members members;
  RollCall call(3, members.ask());
  CHECK(call.held(begin, 3s));
  members.owed[0]();
  members.owed[0]();
  CHECK(!call.held(begin + 4s, 3s));
  members.owed[0]();
  CHECK(call.held(begin + 5s, 3s));
}

TEST(an_answer_may_come_when_nobody_waits_for_it_any_more) {
  Members members;
  {
    RollCall call(2, members.ask());
    CHECK(call.held(begin, 3s));
  }
  std::thread member(members.owed[0]);
  member.join();
}

UNIT_MAIN(UNIT_TEST(who_answers_is_asked_anew), UNIT_TEST(who_owes_an_answer_has_some_patience_and_no_second_question),
          UNIT_TEST(one_silent_member_of_several_is_enough),
          UNIT_TEST(an_answer_may_come_when_nobody_waits_for_it_any_more))
