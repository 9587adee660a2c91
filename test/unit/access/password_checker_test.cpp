#include "sallyport/access/password_checker.hpp"

#include <list>
#include <sstream>

#include "loop_fixture.hpp"

using namespace sallyport;
using namespace sallyport::access;
using test::LoopFixture;

namespace {

const IpAddress client = *IpAddress::parse("192.0.2.7");
const IpAddress other_client = *IpAddress::parse("192.0.2.8");

// "open sesame", at the least cost there is.
CredentialsPtr credentials_of(const std::string& hash) {
  std::istringstream stream("ali:" + hash + "\n");
  config::Problems problems;
  CredentialsPtr credentials = Credentials::read(stream, "users", problems);
  CHECK(credentials != nullptr);
  return credentials;
}
CredentialsPtr cheap() { return credentials_of("$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy"); }
// What it is the hash of does not matter: 20 ms are spent on it.
CredentialsPtr costly() { return credentials_of("$2b$08$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy"); }

struct Setup : LoopFixture {
  std::unique_ptr<PasswordChecker> checker = std::move(*PasswordChecker::create());
  io::Cancellation cancellation;
};

io::Task<void> ask(Setup& setup, CredentialsPtr credentials, Login login, IpAddress from, Result<bool>& answer) {
  answer =
      co_await setup.checker->check(*setup.loop, setup.cancellation, std::move(credentials), std::move(login), from);
}

io::Task<void> ask_in_turn(Setup& setup) {
  const CredentialsPtr credentials = cheap();
  const Login right{"ali", "open sesame"};
  const Login wrong{"ali", "open barley"};
  const Login stranger{"cassim", "open sesame"};
  CHECK(!setup.checker->recall(*credentials, right).has_value());
  Result<bool> answer = co_await setup.checker->check(*setup.loop, setup.cancellation, credentials, right, client);
  CHECK(answer && *answer);
  answer = co_await setup.checker->check(*setup.loop, setup.cancellation, credentials, wrong, client);
  CHECK(answer && !*answer);
  answer = co_await setup.checker->check(*setup.loop, setup.cancellation, credentials, stranger, client);
  CHECK(answer && !*answer);
  CHECK(setup.checker->recall(*credentials, right) == true);
  CHECK(setup.checker->recall(*credentials, wrong) == false);
  CHECK(setup.checker->recall(*credentials, stranger) == false);
  // Another line for the same name: what was known of the old one says nothing.
  const CredentialsPtr changed = costly();
  CHECK(!setup.checker->recall(*changed, right).has_value());
}

// Many at once from two clients; gives how many of the first one's were turned away.
io::Task<void> ask_at_once(Setup& setup, std::size_t& refused, bool& other_served) {
  const CredentialsPtr credentials = costly();
  std::list<Result<bool>> answers;
  std::list<io::StartedTask<void>> tasks;
  for (int i = 0; i < 40; ++i) {
    const Login login{"ali", "guess " + std::to_string(i)};
    answers.emplace_back(false);
    tasks.emplace_back(ask(setup, credentials, login, client, answers.back()));
  }
  Result<bool> other = false;
  const Login others{"ali", "another guess"};
  tasks.emplace_back(ask(setup, credentials, others, other_client, other));
  for (io::StartedTask<void>& task : tasks) co_await task.join();
  for (const Result<bool>& answer : answers) refused += !answer && answer.error().kind == ErrorKind::exhausted ? 1 : 0;
  other_served = other.has_value();
}

io::Task<void> ask_and_cancel(Setup& setup, std::size_t& cancelled) {
  const CredentialsPtr credentials = costly();
  std::list<Result<bool>> answers;
  std::list<io::StartedTask<void>> tasks;
  for (std::size_t i = 0; i < PasswordChecker::most_waiting_per_client; ++i) {
    const Login login{"ali", "guess " + std::to_string(i)};
    answers.emplace_back(false);
    tasks.emplace_back(ask(setup, credentials, login, client, answers.back()));
  }
  setup.cancellation.cancel({ErrorKind::cancelled, "gone"});
  for (io::StartedTask<void>& task : tasks) co_await task.join();
  for (const Result<bool>& answer : answers)
    cancelled += !answer && answer.error().kind == ErrorKind::cancelled ? 1 : 0;
}

}  // namespace

TEST(answers_and_remembers) {
  Setup setup;
  setup.run(ask_in_turn(setup));
}

TEST(one_client_cannot_keep_the_others_out) {
  Setup setup;
  std::size_t refused = 0;
  bool other_served = false;
  setup.run(ask_at_once(setup, refused, other_served));
  CHECK(refused > 0);
  CHECK(other_served);
}

TEST(a_client_that_leaves_takes_its_questions_back) {
  Setup setup;
  std::size_t cancelled = 0;
  setup.run(ask_and_cancel(setup, cancelled));
  CHECK(cancelled > 0);
}

UNIT_MAIN(UNIT_TEST(answers_and_remembers), UNIT_TEST(one_client_cannot_keep_the_others_out),
          UNIT_TEST(a_client_that_leaves_takes_its_questions_back))
