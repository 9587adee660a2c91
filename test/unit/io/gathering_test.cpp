#include "../../../src/io/gathering.hpp"

#include <sys/socket.h>

#include <memory>
#include <utility>

#include "sallyport/io/notification.hpp"

#include "loop_fixture.hpp"
#include "tcp_pair.hpp"

using namespace sallyport;
using namespace sallyport::io;

namespace {

struct Flow : test::LoopFixture {
  int asked_for() {
    int bytes = 0;
    socklen_t length = sizeof bytes;
    CHECK_EQUAL(::getsockopt(stream->fd(), SOL_SOCKET, SO_RCVLOWAT, &bytes, &length), 0);
    return bytes;
  }

  // As it looks when no time passes: the loop's time stands still between two of its callbacks.
  void prove(std::size_t bytes) {
    for (std::size_t moved = 0; moved < bytes; moved += Gathering::at_least) gathering.moved(Gathering::at_least);
  }

  test::TcpPair sockets{SOCK_NONBLOCK};
  std::unique_ptr<FdStream> stream = std::make_unique<FdStream>(*loop, std::move(sockets.left));
  Gathering gathering{*stream};
};

Task<void> wait_for_more(Flow& flow) {
  flow.stream->mark_blocked(Interest::readable);
  flow.gathering.begin_wait();
  const Result<void> ready = co_await flow.stream->ready(Interest::readable);
  CHECK_OK(ready);
  flow.gathering.end_wait();
}

}  // namespace

TEST(a_fast_flow_waits_for_more_and_a_slow_one_does_not) {
  Flow flow;
  flow.prove(Gathering::first_proof);  // since ever
  CHECK(!flow.gathering.on());
  CHECK_EQUAL(flow.asked_for(), 1);
  flow.prove(Gathering::first_proof);  // since just now
  CHECK(flow.gathering.on());
  CHECK_EQUAL(flow.asked_for(), static_cast<int>(Gathering::at_least));
}

TEST(what_stays_below_is_fetched_all_the_same) {
  Flow flow;
  flow.prove(2 * Gathering::first_proof);
  CHECK_EQUAL(::send(flow.sockets.right.get(), "tail", 4, 0), 4);
  flow.run(wait_for_more(flow));  // nobody sends more
  CHECK(flow.gathering.on());
  flow.gathering.moved(4);
  CHECK(!flow.gathering.on());
  CHECK_EQUAL(flow.asked_for(), 1);
}

// Such as one whose peer has a window of that size, above this connection.
TEST(a_flow_of_less_at_a_time_is_delayed_once) {
  Flow flow;
  flow.prove(2 * Gathering::first_proof);
  CHECK_EQUAL(::send(flow.sockets.right.get(), "window", 6, 0), 6);
  flow.run(wait_for_more(flow));
  flow.gathering.moved(Gathering::at_least - 1);
  CHECK(!flow.gathering.on());
}

TEST(the_peers_end_ends_the_wait) {
  Flow flow;
  flow.prove(2 * Gathering::first_proof);
  CHECK_EQUAL(::shutdown(flow.sockets.right.get(), SHUT_WR), 0);
  flow.run(wait_for_more(flow));
  flow.gathering.found_nothing();
  CHECK_EQUAL(flow.asked_for(), 1);
}

TEST(who_stops_soon_has_to_prove_twice_as_much) {
  Flow flow;
  flow.prove(2 * Gathering::first_proof);
  CHECK(flow.gathering.on());
  flow.gathering.found_nothing();
  flow.prove(Gathering::first_proof);
  CHECK(!flow.gathering.on());
  flow.prove(Gathering::first_proof);
  CHECK(flow.gathering.on());
  // So much was worth it.
  flow.prove(4 * Gathering::first_proof);
  flow.gathering.found_nothing();
  flow.prove(Gathering::first_proof);
  CHECK(flow.gathering.on());
}

TEST(the_socket_is_left_as_it_was) {
  Flow flow;
  {
    Gathering other(*flow.stream);
    other.moved(Gathering::first_proof);
    other.moved(Gathering::first_proof);
    CHECK_EQUAL(flow.asked_for(), static_cast<int>(Gathering::at_least));
  }
  CHECK_EQUAL(flow.asked_for(), 1);
}

UNIT_MAIN(UNIT_TEST(a_fast_flow_waits_for_more_and_a_slow_one_does_not),
          UNIT_TEST(what_stays_below_is_fetched_all_the_same), UNIT_TEST(a_flow_of_less_at_a_time_is_delayed_once),
          UNIT_TEST(the_peers_end_ends_the_wait), UNIT_TEST(who_stops_soon_has_to_prove_twice_as_much),
          UNIT_TEST(the_socket_is_left_as_it_was))
