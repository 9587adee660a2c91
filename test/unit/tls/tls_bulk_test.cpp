// Many records in one attempt: what is read and written is what the plain way reads and writes, with fewer calls below,
// and nothing overtakes what is still to be sent.
#include <algorithm>
#include <string>
#include <vector>

#include "sallyport/io/buffer_pool.hpp"
#include "sallyport/tls/tls_stream.hpp"

#include "tls_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using namespace sallyport::tls;
using test::distinct_bytes;
using test::raw_server_context;
using test::Received;
using test::TlsFixture;
using test::TlsStreamPtr;
using test::TrickleStream;

namespace {

constexpr std::size_t record = std::size_t{16} * 1024;

// Passes all on, counts the attempts, and takes no more than `room` bytes.
class CountingStream final : public Stream {
 public:
  explicit CountingStream(Stream& below) : below_(below) {}
  Attempt try_write(ByteView from) override {
    if (room == 0) return {Attempt::State::wait_writable};
    const Attempt attempt = below_.try_write(from.first(std::min(from.size(), room)));
    if (attempt.state == Attempt::State::done) room -= attempt.count;
    ++writes;
    return attempt;
  }
  Attempt try_finish() override { return below_.try_finish(); }
  void wait(Interest interest, StreamWaiter& waiter) override { below_.wait(interest, waiter); }
  void stop_waiting(StreamWaiter& waiter) override { below_.stop_waiting(waiter); }
  void set_deadline(TimePoint deadline) override { below_.set_deadline(deadline); }
  void close(Error why) override { below_.close(std::move(why)); }
  void abort(Error why) override { below_.abort(std::move(why)); }
  [[nodiscard]] const Error& error() const override { return below_.error(); }
  [[nodiscard]] EventLoop& loop() override { return below_.loop(); }

  std::size_t room = std::string::npos;
  unsigned writes = 0;
  unsigned reads = 0;

 protected:
  Attempt do_try_read(ByteSpan into) override {
    ++reads;
    return below_.try_read(into);
  }

 private:
  Stream& below_;
};

struct Session : TlsFixture {
  Session() : below_client(*client_socket), below_server(*server_socket) {
    server_side = accept(below_server, server_session());
    client_side = connect(below_client, client_session());
    must_shake_hands(*client_side, *server_side);
  }

  CountingStream below_client, below_server;
  TlsStreamPtr client_side, server_side;
  std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(BufferPool::bulk_bytes);
};

// All that is there now.
std::string read_attempts(Stream& stream, ByteSpan into) {
  std::string all;
  for (;;) {
    const Attempt attempt = stream.try_read(into);
    if (attempt.state != Attempt::State::done) return all;
    all += text_of(into.first(attempt.count));
  }
}

Task<void> read_to_end(Stream& stream, std::size_t room, Received& received) {
  std::vector<std::uint8_t> buffer(room);
  for (;;) {
    const Result<std::size_t> got = co_await stream.read(buffer);
    if (!got) received.end = std::unexpected(got.error());
    if (!got || *got == 0) co_return;
    received.bytes += text_of(ByteView(buffer).first(*got));
  }
}

Task<void> pass(Stream& from, Stream& to, std::string bytes, std::size_t room, Received& received) {
  StartedTask<void> sending(test::send_and_finish(from, std::move(bytes)));
  co_await read_to_end(to, room, received);
  co_await sending.join();
}

Task<void> pass_into_odd_rooms(Stream& from, Stream& to, std::string bytes, Received& received) {
  StartedTask<void> sending(test::send_and_finish(from, std::move(bytes)));
  std::vector<std::uint8_t> buffer(90'001);
  for (std::size_t size = 1;; size = size * 7 % buffer.size() + 1) {
    const Result<std::size_t> got = co_await to.read(ByteSpan(buffer).first(size));
    if (!got) received.end = std::unexpected(got.error());
    if (!got || *got == 0) break;
    received.bytes += text_of(ByteView(buffer).first(*got));
  }
  co_await sending.join();
}

Task<void> read_all_of(Stream& stream, std::size_t size, Received& received) {
  std::vector<std::uint8_t> buffer(BufferPool::bulk_bytes);
  while (received.bytes.size() < size) {
    const Result<std::size_t> got = co_await stream.read(buffer);
    if (!got || *got == 0) co_return;
    received.bytes += text_of(ByteView(buffer).first(*got));
  }
}

// There, with other keys each time, and back: the client has to change its own with what it writes next.
Task<void> echo_under_changing_keys(Stream& server, SSL* keys, Stream& client, std::string bytes, Received& there,
                                    Received& back) {
  for (std::size_t rounds = 1; rounds <= 4; ++rounds) {
    StartedTask<void> reading(read_all_of(client, rounds * bytes.size(), there));
    CHECK_OK(co_await server.write(bytes_of(bytes).first(bytes.size() / 2)));
    CHECK_EQUAL(SSL_key_update(keys, SSL_KEY_UPDATE_REQUESTED), 1);
    CHECK_OK(co_await server.write(bytes_of(bytes).subspan(bytes.size() / 2)));
    co_await reading.join();
    StartedTask<void> reading_back(read_all_of(server, rounds * bytes.size(), back));
    CHECK_OK(co_await client.write(bytes_of(bytes)));
    co_await reading_back.join();
  }
}

}  // namespace

TEST(several_records_take_one_write_and_one_read) {
  Session session;
  const std::string bytes = distinct_bytes(3 * record + 100, 1);
  session.below_client.writes = session.below_server.reads = 0;
  const Attempt written = session.client_side->try_write(bytes_of(bytes));
  CHECK_EQUAL(written.state, Attempt::State::done);
  CHECK_EQUAL(written.count, bytes.size());
  CHECK_EQUAL(session.below_client.writes, 1U);

  const Attempt read = session.server_side->try_read(session.buffer);
  CHECK_EQUAL(read.state, Attempt::State::done);
  CHECK(text_of(ByteView(session.buffer).first(read.count)) == bytes);
  CHECK_EQUAL(session.below_server.reads, 1U);
}

TEST(more_than_the_scratch_holds_is_taken_in_part) {
  Session session;
  const std::string bytes = distinct_bytes(20 * record, 2);
  const Attempt written = session.client_side->try_write(bytes_of(bytes));
  CHECK_EQUAL(written.state, Attempt::State::done);
  CHECK(written.count >= 4 * record && written.count < bytes.size());
  CHECK(read_attempts(*session.server_side, session.buffer) == bytes.substr(0, written.count));
}

TEST(any_room_reads_the_same_bytes) {
  const std::string bytes = distinct_bytes(1'000'003, 3);
  for (const std::size_t room : {std::size_t{100}, record - 1, record, 2 * record, 2 * record + 1,
                                 BufferPool::bulk_bytes, std::size_t{300'000}}) {
    Session session;
    Received received;
    session.run(pass(*session.client_side, *session.server_side, bytes, room, received));
    CHECK_OK(received.end);
    CHECK(received.bytes == bytes);
  }
}

TEST(rooms_of_all_sizes_may_follow_one_another) {
  Session session;
  const std::string bytes = distinct_bytes(600'000, 4);
  Received received;
  session.run(pass_into_odd_rooms(*session.client_side, *session.server_side, bytes, received));
  CHECK_OK(received.end);
  CHECK(received.bytes == bytes);
}

TEST(what_was_not_taken_goes_first_and_counts_when_it_is_gone) {
  Session session;
  const std::string bytes = distinct_bytes(4 * record, 5);
  session.below_client.room = 20'000;
  const ByteView all = bytes_of(bytes);
  CHECK(session.client_side->try_write(all).blocked());
  CHECK(session.client_side->try_write(all).blocked());
  // Nor does the end overtake it.
  CHECK(session.client_side->try_finish().blocked());
  session.below_client.room = std::string::npos;
  const Attempt written = session.client_side->try_write(all);
  CHECK_EQUAL(written.state, Attempt::State::done);
  CHECK_EQUAL(written.count, bytes.size());
  CHECK(read_attempts(*session.server_side, session.buffer) == bytes);
}

TEST(peers_that_trickle_and_say_without_need_that_they_are_blocked_lose_nothing) {
  const std::string bytes = distinct_bytes(700'000, 6);
  for (const std::size_t most : {900U, 20'000U, 100'000U}) {
    TlsFixture fixture;
    TrickleStream below_client(*fixture.client_socket, most, 7);
    TrickleStream below_server(*fixture.server_socket, most, 8);
    TlsStreamPtr server = fixture.accept(below_server, fixture.server_session());
    TlsStreamPtr client = fixture.connect(below_client, fixture.client_session());
    fixture.must_shake_hands(*client, *server);
    Received received;
    fixture.run(pass(*server, *client, bytes, BufferPool::bulk_bytes, received));
    CHECK_OK(received.end);
    CHECK(received.bytes == bytes);
  }
}

TEST(bulk_inside_bulk) {
  Session session;
  TlsStreamPtr server = session.accept(*session.server_side, session.server_session());
  TlsStreamPtr client = session.connect(*session.client_side, session.client_session());
  session.must_shake_hands(*client, *server);
  const std::string bytes = distinct_bytes(800'000, 9);
  Received received;
  session.run(pass(*client, *server, bytes, BufferPool::bulk_bytes, received));
  CHECK_OK(received.end);
  CHECK(received.bytes == bytes);
}

TEST(what_is_shorter_than_what_was_blocked_cannot_be_written) {
  Session session;
  const std::string bytes = distinct_bytes(4 * record, 11);
  session.below_client.room = 20'000;
  CHECK(session.client_side->try_write(bytes_of(bytes)).blocked());
  CHECK_EQUAL(session.client_side->try_write(bytes_of(bytes).first(100)).state, Attempt::State::failed);
  CHECK_EQUAL(session.client_side->error().kind, ErrorKind::tls);
}

TEST(keys_may_change_in_the_middle) {
  TlsFixture fixture;
  const crypto::SslCtxPtr context = raw_server_context(fixture.leaf, TLS1_3_VERSION, TLS1_3_VERSION);
  crypto::SslPtr ssl(SSL_new(context.get()));
  SSL* const peer = ssl.get();
  SSL_set_accept_state(peer);
  const auto server = std::make_unique<TlsStream>(std::move(ssl), *fixture.server_socket, Callbacks());
  const TlsStreamPtr client = fixture.connect(*fixture.client_socket, fixture.client_session());
  fixture.must_shake_hands(*client, *server);
  const std::string bytes = distinct_bytes(3 * record, 12);
  Received there, back;
  fixture.run(echo_under_changing_keys(*server, peer, *client, bytes, there, back));
  CHECK(there.bytes == bytes + bytes + bytes + bytes);
  CHECK(back.bytes == there.bytes);
}

TEST(what_came_before_a_broken_record_is_read) {
  Session session;
  const std::string bytes = distinct_bytes(2 * record, 10);
  CHECK_EQUAL(session.client_side->try_write(bytes_of(bytes)).count, bytes.size());
  const std::string broken = std::string({0x17, 3, 3, 0, 40}) + std::string(40, 'x');
  CHECK_EQUAL(session.client_socket->try_write(bytes_of(broken)).state, Attempt::State::done);
  CHECK(read_attempts(*session.server_side, session.buffer) == bytes);
  CHECK_EQUAL(session.server_side->try_read(session.buffer).state, Attempt::State::failed);
  CHECK_EQUAL(session.server_side->error().kind, ErrorKind::tls);
}

UNIT_MAIN(UNIT_TEST(several_records_take_one_write_and_one_read),
          UNIT_TEST(more_than_the_scratch_holds_is_taken_in_part), UNIT_TEST(any_room_reads_the_same_bytes),
          UNIT_TEST(rooms_of_all_sizes_may_follow_one_another),
          UNIT_TEST(what_was_not_taken_goes_first_and_counts_when_it_is_gone),
          UNIT_TEST(peers_that_trickle_and_say_without_need_that_they_are_blocked_lose_nothing),
          UNIT_TEST(bulk_inside_bulk), UNIT_TEST(what_is_shorter_than_what_was_blocked_cannot_be_written),
          UNIT_TEST(keys_may_change_in_the_middle), UNIT_TEST(what_came_before_a_broken_record_is_read))
