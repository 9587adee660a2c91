#include "sallyport/io/listener.hpp"

#include "loop_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using test::LoopFixture;

namespace {

const Endpoint any_port{*IpAddress::parse("127.0.0.1"), 0};

}  // namespace

TEST(a_port_is_one_listener_s) {
  LoopFixture fixture;
  const auto first = Listener::open(*fixture.loop, {.at = any_port});
  CHECK_OK(first);
  const Endpoint taken = (*first)->local();
  const auto second = Listener::open(*fixture.loop, {.at = taken});
  CHECK(!second);
  CHECK(second.error().reason.find(taken.to_string()) != std::string::npos);
  CHECK(!Listener::open(*fixture.loop, {.at = taken, .shared = true}));
}

TEST(workers_share_a_port) {
  LoopFixture fixture;
  const auto first = Listener::open(*fixture.loop, {.at = any_port, .shared = true});
  CHECK_OK(first);
  const Endpoint taken = (*first)->local();
  CHECK_OK(Listener::open(*fixture.loop, {.at = taken, .shared = true}));
  CHECK(!Listener::open(*fixture.loop, {.at = taken}));
}

UNIT_MAIN(UNIT_TEST(a_port_is_one_listener_s), UNIT_TEST(workers_share_a_port))
