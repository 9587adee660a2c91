#include "../../../src/admin/lockout.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::admin;
using namespace std::chrono_literals;

namespace {

const Lockout::TimePoint start = Lockout::TimePoint() + 100h;

IpAddress address(const char* text) { return *IpAddress::parse(text); }

void lock_out(Lockout& lockout, const IpAddress& client, Lockout::TimePoint now) {
  for (unsigned count = 1; count < Lockout::free_failures; ++count) CHECK(!lockout.failed(client, now));
  CHECK(lockout.failed(client, now));
}

}  // namespace

TEST(too_many_failures_are_waited_for_and_longer_each_time) {
  Lockout lockout;
  const IpAddress client = address("192.0.2.1");
  CHECK(!lockout.left(client, start));
  lock_out(lockout, client, start);
  CHECK(lockout.left(client, start) == Lockout::first_wait);
  CHECK(lockout.left(client, start + Lockout::first_wait - 1s) == 1s);
  CHECK(!lockout.left(client, start + Lockout::first_wait));
  CHECK(lockout.failed(client, start + Lockout::first_wait));
  CHECK(lockout.left(client, start + Lockout::first_wait) == 2 * Lockout::first_wait);
  for (int further = 0; further < 40; ++further) CHECK(lockout.failed(client, start + 10min));
  CHECK(lockout.left(client, start + 10min) == Lockout::longest_wait);
}

TEST(others_and_who_knows_the_token_are_listened_to) {
  Lockout lockout;
  lock_out(lockout, address("192.0.2.1"), start);
  CHECK(!lockout.left(address("192.0.2.2"), start));
  for (unsigned count = 1; count < Lockout::free_failures; ++count) CHECK(!lockout.failed(address("192.0.2.3"), start));
  lockout.succeeded(address("192.0.2.3"));
  CHECK(!lockout.failed(address("192.0.2.3"), start));
}

TEST(one_machine_has_one_ipv6_network) {
  Lockout lockout;
  lock_out(lockout, address("2001:db8::1"), start);
  CHECK(lockout.left(address("2001:db8::ffff:1"), start));
  CHECK(!lockout.left(address("2001:db8:0:1::1"), start));
}

TEST(failures_are_forgotten) {
  Lockout lockout;
  const IpAddress client = address("192.0.2.1");
  for (unsigned count = 1; count < Lockout::free_failures; ++count) CHECK(!lockout.failed(client, start));
  CHECK(!lockout.failed(client, start + Lockout::memory));
}

UNIT_MAIN(UNIT_TEST(too_many_failures_are_waited_for_and_longer_each_time),
          UNIT_TEST(others_and_who_knows_the_token_are_listened_to), UNIT_TEST(one_machine_has_one_ipv6_network),
          UNIT_TEST(failures_are_forgotten))
