#include "../../../src/admin/sessions.hpp"

#include <string>
#include <vector>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::admin;
using namespace std::chrono_literals;

namespace {

const Sessions::TimePoint start = Sessions::TimePoint() + 100h;

Sessions make() { return Sessions(*crypto::KeyedDigest::create()); }

}  // namespace

TEST(a_session_is_known_by_its_secret_alone) {
  Sessions sessions = make();
  const std::string one = *sessions.open(start);
  const std::string other = *sessions.open(start);
  CHECK(one != other && one.size() == 64);
  CHECK(sessions.use(one, start) && sessions.use(other, start));
  for (const std::string& wrong : {std::string(), std::string(64, '0'), one.substr(1), one + "0"}) {
    CHECK(!sessions.use(wrong, start));
  }
  sessions.close(one);
  sessions.close(one);
  CHECK(!sessions.use(one, start) && sessions.use(other, start));
}

TEST(a_session_ends_without_use_and_in_any_case) {
  Sessions sessions = make();
  const std::string idle = *sessions.open(start);
  const std::string used = *sessions.open(start);
  CHECK(sessions.use(used, start + Sessions::longest_idle - 1s));
  CHECK(!sessions.use(idle, start + Sessions::longest_idle));
  Sessions::TimePoint now = start + Sessions::longest_idle - 1s;
  while (now + 1h < start + Sessions::longest_life) {
    now += 1h;
    CHECK(sessions.use(used, now));
  }
  CHECK(!sessions.use(used, start + Sessions::longest_life));
}

TEST(with_too_many_the_one_not_used_for_longest_goes) {
  Sessions sessions = make();
  std::vector<std::string> secrets;
  for (std::size_t number = 0; number < Sessions::most; ++number) {
    secrets.push_back(*sessions.open(start + std::chrono::seconds(number)));
  }
  CHECK(sessions.use(secrets[0], start + 5min));
  const std::string last = *sessions.open(start + 6min);
  CHECK(!sessions.use(secrets[1], start + 6min));
  CHECK(sessions.use(secrets[0], start + 6min) && sessions.use(secrets[2], start + 6min));
  CHECK(sessions.use(last, start + 6min));
}

UNIT_MAIN(UNIT_TEST(a_session_is_known_by_its_secret_alone), UNIT_TEST(a_session_ends_without_use_and_in_any_case),
          UNIT_TEST(with_too_many_the_one_not_used_for_longest_goes))
