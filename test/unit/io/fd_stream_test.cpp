#include "sallyport/io/fd_stream.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>

#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/notification.hpp"

#include "loop_fixture.hpp"
#include "tcp_pair.hpp"

using namespace sallyport;
using namespace sallyport::io;
using test::LoopFixture;
using test::TcpPair;

namespace {

constexpr std::size_t much = 8 << 20;

Task<void> send_much(Stream& stream) {
  const std::string bytes(much, 'x');
  const Result<void> sent = co_await stream.write(bytes_of(bytes));
  CHECK_OK(sent);
  const Result<void> finished = co_await stream.finish();
  CHECK_OK(finished);
}

Task<void> read_to_end(Stream& stream, std::size_t& total) {
  std::vector<std::uint8_t> buffer(10'000);
  for (;;) {
    const Result<std::size_t> got = co_await stream.read(buffer);
    CHECK_OK(got);
    if (*got == 0) co_return;
    total += *got;
  }
}

Task<void> send_and_receive(Stream& left, Stream& right, std::size_t& total) {
  StartedTask<void> sending(send_much(left));
  co_await read_to_end(right, total);
  co_await sending.join();
}

Task<void> read_once(Stream& stream, Result<std::size_t>& result) {
  std::uint8_t byte = 0;
  result = co_await stream.read({&byte, 1});
}

Task<void> close_under_a_reader(Stream& stream, Result<std::size_t>& result) {
  StartedTask<void> reading(read_once(stream, result));
  CHECK(!reading.done());
  stream.close({ErrorKind::cancelled, "the test says so"});
  CHECK(!reading.done());  // never resumed from inside close()
  co_await reading.join();
}

Task<void> send_later(EventLoop& loop, int peer) {
  co_await next_turn(loop);
  CHECK_EQUAL(::send(peer, "x", 1, 0), 1);
}

std::uint32_t data_packets_sent(const TcpPair& pair) {
  tcp_info info{};
  socklen_t length = sizeof info;
  CHECK_EQUAL(::getsockopt(pair.left.get(), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  return info.tcpi_data_segs_out;
}

// Nobody reads while the peer sends byte by byte, then somebody does, then the peer sends one more.
Task<void> reads_late(FdStream& stream, int peer, int bytes, std::uint64_t& turns) {
  const int one = 1;
  CHECK_EQUAL(::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);  // a segment for each byte
  co_await next_turn(stream.loop());
  const std::uint64_t before = stream.loop().turn();
  std::thread sending([peer, bytes] {
    for (int sent = 0; sent < bytes; ++sent) {
      CHECK_EQUAL(::send(peer, "x", 1, 0), 1);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  co_await sleep_until(stream.loop(), Clock::now() + std::chrono::microseconds(200) * bytes);
  sending.join();
  turns = stream.loop().turn() - before;
  std::vector<std::uint8_t> buffer(1000);
  for (int got = 0; got < bytes;) {
    const Result<std::size_t> read = co_await stream.read(buffer);
    CHECK_OK(read);
    got += static_cast<int>(*read);
  }
  CHECK(stream.try_read(buffer).blocked());
  StartedTask<void> again(send_later(stream.loop(), peer));
  const Result<std::size_t> read = co_await stream.read(buffer);
  CHECK_OK(read);
  CHECK_EQUAL(*read, 1U);
  co_await again.join();
}

}  // namespace

TEST(moves_more_than_the_kernel_buffers) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  std::size_t total = 0;
  fixture.run(send_and_receive(*left, *right, total));
  CHECK_EQUAL(total, much);
}

TEST(a_deadline_ends_a_wait_and_leaves_the_stream_usable) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  Result<std::size_t> result = 0;
  left->set_deadline(fixture.loop->now() + std::chrono::milliseconds(5));
  fixture.run(read_once(*left, result));
  CHECK(!result);
  CHECK_EQUAL(result.error().kind, ErrorKind::timed_out);

  CHECK_EQUAL(right->try_write(bytes_of("y")).count, 1U);
  left->set_deadline(never);
  fixture.run(read_once(*left, result));
  CHECK_OK(result);
}

TEST(a_later_deadline_replaces_an_earlier_one) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  Result<std::size_t> result = 0;
  const TimePoint start = Clock::now();
  left->set_deadline(fixture.loop->now() + std::chrono::milliseconds(1));
  left->set_deadline(fixture.loop->now() + std::chrono::milliseconds(30));
  fixture.run(read_once(*left, result));
  CHECK(!result);
  CHECK(Clock::now() - start >= std::chrono::milliseconds(30));
}

TEST(closing_resumes_the_reader_with_the_reason) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  Result<std::size_t> result = 0;
  fixture.run(close_under_a_reader(*left, result));
  CHECK(!result);
  CHECK_EQUAL(result.error().reason, "the test says so");
}

TEST(unread_bytes_come_first) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  CHECK_EQUAL(right->try_write(bytes_of("c")).count, 1U);
  left->unread(bytes_of("b"));
  left->unread(bytes_of("a"));
  std::string all;
  for (int i = 0; i < 3; ++i) {
    std::uint8_t byte = 0;
    CHECK_EQUAL(left->try_read({&byte, 1}).count, 1U);
    all += static_cast<char>(byte);
  }
  CHECK_EQUAL(all, "abc");
}

TEST(cancelling_closes_what_is_watched) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  Cancellation cancellation;
  const ClosedOnCancel<FdStream> now(cancellation, *left);
  {
    const ClosedOnCancel<FdStream> gone(cancellation, *right);
  }
  cancellation.cancel({ErrorKind::cancelled, "enough"});
  CHECK(left->closed());
  CHECK(!right->closed());
  const ClosedOnCancel<FdStream> too_late(cancellation, *right);
  CHECK(right->closed());
  CHECK_EQUAL(right->error().reason, "enough");
}

TEST(a_peer_that_never_lets_up_leaves_the_loop_its_turns) {
  LoopFixture fixture;
  auto [left, right] = fixture.stream_pair();
  std::size_t total = 0;
  const std::uint64_t turns_before = fixture.loop->turn();
  fixture.run(send_and_receive(*left, *right, total));
  CHECK_EQUAL(total, much);
  // Four reads of 10,000 bytes a turn: without the bound the whole would take a handful of turns.
  CHECK(fixture.loop->turn() - turns_before >= much / (4 * 10'000));
}

TEST(the_path_is_asked_for_now_and_then) {
  LoopFixture fixture;
  const TcpPair pair;
  const FdStream stream(*fixture.loop, UniqueFd(::dup(pair.left.get())));
  const auto round_trip = stream.path().round_trip;
  CHECK(round_trip.count() > 0);
  // Another socket in its place has no path.
  const UniqueFd other(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(::dup2(other.get(), stream.fd()) >= 0);
  CHECK_EQUAL(stream.path().round_trip.count(), round_trip.count());
  std::this_thread::sleep_for(FdStream::path_known_for);
  fixture.loop->enter_callback();
  CHECK_EQUAL(stream.path().round_trip.count(), 0);
}

TEST(what_more_follows_leaves_in_one_packet_with_it) {
  std::uint32_t fewest = 3;
  // The kernel waits for 200 ms, which a busy machine may take between two lines.
  for (int attempt = 0; attempt < 50 && fewest > 1; ++attempt) {
    LoopFixture fixture;
    const TcpPair pair;
    FdStream stream(*fixture.loop, UniqueFd(::dup(pair.left.get())));
    stream.more_follows(true);
    CHECK_EQUAL(stream.try_write(bytes_of("one")).count, 3U);
    CHECK_EQUAL(stream.try_write(bytes_of("two")).count, 3U);
    stream.more_follows(false);
    CHECK_EQUAL(stream.try_write(bytes_of("three")).count, 5U);
    fewest = std::min(fewest, data_packets_sent(pair));
  }
  CHECK_EQUAL(fewest, 1U);
}

TEST(what_arrives_while_nobody_reads_does_not_wake_the_loop) {
  LoopFixture fixture;
  const TcpPair pair(SOCK_NONBLOCK);
  FdStream stream(*fixture.loop, UniqueFd(::dup(pair.left.get())));
  std::uint64_t turns = 0;
  fixture.run(reads_late(stream, pair.right.get(), 400, turns));
  CHECK(turns < 20);
}

UNIT_MAIN(UNIT_TEST(what_arrives_while_nobody_reads_does_not_wake_the_loop),
          UNIT_TEST(a_peer_that_never_lets_up_leaves_the_loop_its_turns), UNIT_TEST(moves_more_than_the_kernel_buffers),
          UNIT_TEST(a_deadline_ends_a_wait_and_leaves_the_stream_usable),
          UNIT_TEST(a_later_deadline_replaces_an_earlier_one), UNIT_TEST(closing_resumes_the_reader_with_the_reason),
          UNIT_TEST(unread_bytes_come_first), UNIT_TEST(cancelling_closes_what_is_watched),
          UNIT_TEST(the_path_is_asked_for_now_and_then), UNIT_TEST(what_more_follows_leaves_in_one_packet_with_it))
