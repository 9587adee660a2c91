#include "sallyport/io/relay.hpp"

#include <signal.h>
#include <sys/socket.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <utility>

#include "sallyport/io/notification.hpp"

#include "loop_fixture.hpp"
#include "stream_steps.hpp"
#include "tcp_pair.hpp"

using namespace sallyport;
using namespace sallyport::io;
using std::chrono::milliseconds;
using test::distinct_bytes;
using test::Received;

namespace {

constexpr Duration long_idle = std::chrono::seconds(60);

enum class Way { buffers, splice };
constexpr Way both_ways[] = {Way::buffers, Way::splice};

struct Memo final : RelayTap {
  void passed(ByteView piece) override { bytes += text_of(piece); }
  std::string bytes;
};

// client -- first [relay] second -- origin
struct Middle : test::LoopFixture {
  Middle() {
    ::signal(SIGPIPE, SIG_IGN);  // as the daemon does
    std::tie(client, first) = stream_pair();
    std::tie(second, origin) = stream_pair();
  }

  // Real sockets: what else the kernel does for these, it does not for local ones.
  void over_tcp() {
    test::TcpPair left(SOCK_NONBLOCK), right(SOCK_NONBLOCK);
    client = std::make_unique<FdStream>(*loop, std::move(left.left));
    first = std::make_unique<FdStream>(*loop, std::move(left.right));
    second = std::make_unique<FdStream>(*loop, std::move(right.left));
    origin = std::make_unique<FdStream>(*loop, std::move(right.right));
  }

  Task<void> relay_by(Way way, Duration idle) {
    if (way == Way::buffers) {
      relayed = co_await relay(*first, *second, buffers, idle, taps);
    } else {
      relayed = co_await splice_relay(*first, *second, pipes, idle);
    }
  }

  BufferPool buffers;
  PipePool pipes;
  RelayTaps taps;
  std::unique_ptr<FdStream> client, first, second, origin;
  Relayed relayed;
  Received at_client, at_origin;
};

Task<void> both_directions_at_once(Middle& middle, Way way, std::string forth, std::string back) {
  StartedTask<void> relaying(middle.relay_by(way, long_idle));
  co_await test::exchange_all(*middle.client, std::move(forth), middle.at_client, *middle.origin, std::move(back),
                              middle.at_origin);
  co_await relaying.join();
}

Task<void> answer_after_the_end(Middle& middle, Way way) {
  StartedTask<void> relaying(middle.relay_by(way, long_idle));
  co_await test::send_and_finish(*middle.client, "question");
  co_await test::receive_all(*middle.origin, middle.at_origin);
  co_await test::send_and_finish(*middle.origin, "answer");
  co_await test::receive_all(*middle.client, middle.at_client);
  co_await relaying.join();
}

Task<void> origin_vanishes(Middle& middle, Way way) {
  StartedTask<void> relaying(middle.relay_by(way, long_idle));
  middle.origin.reset();
  co_await test::receive_all(*middle.client, middle.at_client);
  // The client's direction is open still: only its bytes find out that nobody takes them.
  const Result<void> sent = co_await middle.client->write(bytes_of("anyone?"));
  CHECK_OK(sent);
  co_await relaying.join();
  // Now both of the relay's streams are ended.
  CHECK(middle.first->closed());
  CHECK(middle.second->closed());
}

Task<void> nothing_moves(Middle& middle, Way way) {
  const TimePoint start = Clock::now();
  co_await middle.relay_by(way, milliseconds(30));
  CHECK(Clock::now() - start >= milliseconds(30));
}

// Bytes go one way, each well within the idle time, all of them together well beyond it. Gives by `moved` how many
// went. On a machine so busy that a pause between two came near the idle time, `undisturbed` is false: then the relay
// may end.
Task<void> one_direction_moves(Middle& middle, Way way, std::uint64_t& moved, bool& undisturbed) {
  constexpr Duration idle = milliseconds(600);
  StartedTask<void> relaying(middle.relay_by(way, idle));
  TimePoint last = Clock::now();
  for (moved = 0; moved < 12 && !relaying.done(); ++moved) {
    co_await test::send(*middle.origin, "x");
    co_await sleep_until(*middle.loop, Clock::now() + milliseconds(100));
    undisturbed = undisturbed && Clock::now() - std::exchange(last, Clock::now()) < idle / 2;
  }
  CHECK(!relaying.done() || !undisturbed);
  if (!relaying.done()) {
    co_await test::send_and_finish(*middle.origin, "");
    co_await test::send_and_finish(*middle.client, "");
  }
  co_await relaying.join();
}

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator first("/proc/self/fd");
  return std::distance(first, std::filesystem::directory_iterator());
}

// A relay that has moved something both ways and waits for more. `opened`: how many descriptors the next one needs.
Task<void> waits_for_more(Middle& middle, std::ptrdiff_t& opened) {
  StartedTask<void> relaying(middle.relay_by(Way::splice, long_idle));
  co_await test::send(*middle.client, "forth");
  co_await test::receive(*middle.origin, 5, middle.at_origin);
  co_await test::send(*middle.origin, "back");
  co_await test::receive(*middle.client, 4, middle.at_client);
  const std::ptrdiff_t before = open_descriptors();
  const Result<Pipe> lent = middle.pipes.take();
  CHECK_OK(lent);
  opened = open_descriptors() - before;
  middle.first->close({ErrorKind::cancelled, "enough"});
  co_await relaying.join();
}

// Much, then little, and never an end: then the other side answers, and so on.
Task<void> bursts_and_answers(Middle& middle) {
  StartedTask<void> relaying(middle.relay_by(Way::splice, long_idle));
  for (unsigned round = 0; round < 3; ++round) {
    const std::string burst = distinct_bytes(std::size_t{16} << 20, round);
    StartedTask<void> sending(test::send(*middle.origin, burst));
    middle.at_client.bytes.clear();
    co_await test::receive(*middle.client, burst.size(), middle.at_client);
    CHECK(middle.at_client.bytes == burst);
    co_await sending.join();
    for (unsigned word = 0; word < 20; ++word) {
      middle.at_client.bytes.clear();
      middle.at_origin.bytes.clear();
      co_await test::send(*middle.client, "next?");
      co_await test::receive(*middle.origin, 5, middle.at_origin);
      co_await test::send(*middle.origin, "this.");
      co_await test::receive(*middle.client, 5, middle.at_client);
      CHECK_EQUAL(middle.at_client.bytes, "this.");
    }
  }
  co_await test::send_and_finish(*middle.origin, "");
  co_await test::send_and_finish(*middle.client, "");
  co_await relaying.join();
}

Task<void> closed_from_outside(Middle& middle, Way way) {
  StartedTask<void> relaying(middle.relay_by(way, long_idle));
  middle.first->close({ErrorKind::cancelled, "shutdown"});
  CHECK(!relaying.done());
  co_await relaying.join();
}

}  // namespace

TEST(megabytes_pass_both_ways_at_once) {
  for (const Way way : both_ways) {
    Middle middle;
    const std::string forth = distinct_bytes(5'000'001, 1);
    const std::string back = distinct_bytes(3'000'003, 2);
    middle.run(both_directions_at_once(middle, way, forth, back));
    CHECK(middle.at_origin.bytes == forth);
    CHECK(middle.at_client.bytes == back);
    CHECK_EQUAL(middle.relayed.forth, forth.size());
    CHECK_EQUAL(middle.relayed.back, back.size());
    CHECK(!middle.relayed.error);
  }
}

TEST(a_half_closed_connection_still_gets_its_answer) {
  for (const Way way : both_ways) {
    Middle middle;
    middle.run(answer_after_the_end(middle, way));
    CHECK_EQUAL(middle.at_origin.bytes, "question");
    CHECK_EQUAL(middle.at_client.bytes, "answer");
    CHECK_OK(middle.at_client.end);
    CHECK(!middle.relayed.error);
  }
}

TEST(a_broken_side_ends_both) {
  for (const Way way : both_ways) {
    Middle middle;
    middle.run(origin_vanishes(middle, way));
    CHECK(middle.relayed.error.has_value());
    CHECK_EQUAL(middle.relayed.error->kind, ErrorKind::reset);
    CHECK_EQUAL(middle.relayed.forth, 0U);
  }
}

TEST(idleness_ends_it) {
  for (const Way way : both_ways) {
    Middle middle;
    middle.run(nothing_moves(middle, way));
    CHECK(middle.relayed.error.has_value());
    CHECK_EQUAL(middle.relayed.error->kind, ErrorKind::timed_out);
  }
}

TEST(one_moving_direction_keeps_both_alive) {
  for (const Way way : both_ways) {
    bool undisturbed = false;
    for (int round = 0; round < 10 && !undisturbed; ++round) {
      Middle middle;
      std::uint64_t moved = 0;
      undisturbed = true;
      middle.run(one_direction_moves(middle, way, moved, undisturbed));
      if (!undisturbed) continue;
      CHECK(!middle.relayed.error);
      CHECK_EQUAL(middle.relayed.back, moved);
      CHECK_EQUAL(moved, 12U);
    }
    CHECK(undisturbed);
  }
}

TEST(closing_a_stream_from_outside_ends_it_with_that_reason) {
  for (const Way way : both_ways) {
    Middle middle;
    middle.run(closed_from_outside(middle, way));
    CHECK(middle.relayed.error.has_value());
    CHECK_EQUAL(middle.relayed.error->reason, "shutdown");
    CHECK(middle.second->closed());
  }
}

TEST(a_relay_that_waits_holds_no_pipe) {
  Middle middle;
  std::ptrdiff_t opened = -1;
  middle.run(waits_for_more(middle, opened));
  CHECK_EQUAL(opened, 0);
}

TEST(nothing_of_a_fast_flow_waits_for_an_end_that_does_not_come) {
  Middle middle;
  middle.over_tcp();
  middle.run(bursts_and_answers(middle));
  CHECK(!middle.relayed.error.has_value());
  CHECK_EQUAL(middle.relayed.forth, 300U);
  CHECK_EQUAL(middle.relayed.back, 3 * ((std::uint64_t{16} << 20) + 100));
}

TEST(a_look_ahead_that_was_put_back_goes_first) {
  for (const Way way : both_ways) {
    Middle middle;
    const std::string ahead = distinct_bytes(10'000, 3);
    middle.first->unread(bytes_of(ahead));
    middle.run(both_directions_at_once(middle, way, "behind", ""));
    CHECK(middle.at_origin.bytes == ahead + "behind");
    CHECK_EQUAL(middle.relayed.forth, ahead.size() + 6);
  }
}

TEST(a_tap_sees_each_byte_of_its_direction_in_order) {
  Middle middle;
  Memo forth, back;
  middle.taps = {&forth, &back};
  const std::string from_client = distinct_bytes(1'000'003, 4);
  const std::string from_origin = distinct_bytes(300'001, 5);
  middle.run(both_directions_at_once(middle, Way::buffers, from_client, from_origin));
  CHECK(middle.at_origin.bytes == from_client);
  CHECK(forth.bytes == from_client);
  CHECK(back.bytes == from_origin);
}

UNIT_MAIN(UNIT_TEST(megabytes_pass_both_ways_at_once), UNIT_TEST(a_half_closed_connection_still_gets_its_answer),
          UNIT_TEST(a_broken_side_ends_both), UNIT_TEST(idleness_ends_it),
          UNIT_TEST(one_moving_direction_keeps_both_alive),
          UNIT_TEST(closing_a_stream_from_outside_ends_it_with_that_reason),
          UNIT_TEST(nothing_of_a_fast_flow_waits_for_an_end_that_does_not_come),
          UNIT_TEST(a_relay_that_waits_holds_no_pipe), UNIT_TEST(a_look_ahead_that_was_put_back_goes_first),
          UNIT_TEST(a_tap_sees_each_byte_of_its_direction_in_order))
