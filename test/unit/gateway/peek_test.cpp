#include "../../../src/gateway/peek.hpp"

#include <string>

#include "loop_fixture.hpp"

using namespace sallyport;
using namespace sallyport::gateway;
using test::LoopFixture;

namespace {

constexpr std::chrono::seconds long_enough{60};
constexpr std::chrono::milliseconds soon{20};

using Peeked = Result<std::vector<std::uint8_t>>;
using Header = Result<wire::ProxyHeader>;

io::Task<void> peek_into(io::Stream& client, io::Duration patience, std::size_t wanted, Peeked& result) {
  result = co_await peek(client, patience, wanted);
}

io::Task<void> take_header_into(io::Stream& client, io::Duration patience, Header& result) {
  result = co_await take_proxy_header(client, patience);
}

io::Task<void> send(io::Stream& stream, std::string_view text) {
  const Result<void> sent = co_await stream.write(bytes_of(text));
  CHECK_OK(sent);
}

io::Task<void> end(io::Stream& stream) {
  const Result<void> finished = co_await stream.finish();
  CHECK_OK(finished);
}

io::Task<void> read_all(io::Stream& stream, std::string& text) {
  std::vector<std::uint8_t> buffer(100);
  stream.set_deadline(stream.loop().now() + long_enough);
  for (;;) {
    const Result<std::size_t> got = co_await stream.read(buffer);
    CHECK_OK(got);
    if (*got == 0) co_return;
    text += text_of(ByteView(buffer).first(*got));
  }
}

// Lets the other side read what was sent: a wait for an answer that does not come.
io::Task<void> pause(io::Stream& stream) {
  std::uint8_t byte = 0;
  stream.set_deadline(stream.loop().now() + std::chrono::milliseconds(1));
  const Result<std::size_t> got = co_await stream.read({&byte, 1});
  CHECK(!got);
}

io::Task<void> send_bytewise(io::Stream& stream, std::string_view text) {
  for (const char& byte : text) {
    co_await send(stream, {&byte, 1});
    co_await pause(stream);
  }
}

struct Wire {
  Wire() { std::tie(client, server) = fixture.stream_pair(); }

  Peeked peeked(std::size_t wanted, io::Duration patience = long_enough) {
    Peeked result = std::unexpected(Error{ErrorKind::system, "never set"});
    fixture.run(peek_into(*server, patience, wanted, result));
    return result;
  }

  Header header(io::Duration patience = long_enough) {
    Header result = std::unexpected(Error{ErrorKind::system, "never set"});
    fixture.run(take_header_into(*server, patience, result));
    return result;
  }

  // What the next reader of the server's side finds, to the end.
  std::string rest() {
    fixture.run(end(*client));
    std::string text;
    fixture.run(read_all(*server, text));
    return text;
  }

  LoopFixture fixture;
  std::unique_ptr<io::FdStream> client;
  std::unique_ptr<io::FdStream> server;
};

}  // namespace

TEST(what_was_seen_is_still_there) {
  Wire wire;
  wire.fixture.run(send(*wire.client, "GET / HTTP/1.1\r\n"));
  const Peeked seen = wire.peeked(1);
  CHECK_OK(seen);
  CHECK_EQUAL(text_of(*seen), "GET / HTTP/1.1\r\n");
  CHECK_EQUAL(wire.rest(), "GET / HTTP/1.1\r\n");
}

TEST(as_many_bytes_as_wanted_are_waited_for) {
  Wire wire;
  Peeked seen = std::unexpected(Error{ErrorKind::system, "never set"});
  io::StartedTask<void> peeking(peek_into(*wire.server, long_enough, 4, seen));
  wire.fixture.run(send(*wire.client, "SSH"));
  CHECK(!peeking.done());
  wire.fixture.run(send(*wire.client, "-2.0"));
  wire.fixture.run([](io::StartedTask<void>& task) -> io::Task<void> { co_await task.join(); }(peeking));
  CHECK_OK(seen);
  CHECK(seen->size() >= 4);
  CHECK_EQUAL(wire.rest(), "SSH-2.0");
}

TEST(fewer_bytes_do_where_no_more_come) {
  Wire wire;
  wire.fixture.run(send(*wire.client, "SS"));
  const Peeked late = wire.peeked(4, soon);
  CHECK_OK(late);
  CHECK_EQUAL(text_of(*late), "SS");
  wire.fixture.run(end(*wire.client));
  const Peeked ended = wire.peeked(4);
  CHECK_OK(ended);
  CHECK_EQUAL(text_of(*ended), "SS");
}

TEST(silence_and_leaving_are_errors) {
  Wire wire;
  CHECK_EQUAL(wire.peeked(1, soon).error().kind, ErrorKind::timed_out);
  wire.fixture.run(end(*wire.client));
  CHECK_EQUAL(wire.peeked(1).error().kind, ErrorKind::end_of_stream);
}

TEST(a_proxy_header_is_taken_off) {
  Wire wire;
  wire.fixture.run(send(*wire.client, "PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\nCONNECT"));
  const Header header = wire.header();
  CHECK_OK(header);
  CHECK_EQUAL(header->addresses->source.to_string(), "192.0.2.1:1000");
  CHECK_EQUAL(wire.rest(), "CONNECT");
}

TEST(a_proxy_header_may_come_byte_by_byte) {
  Wire wire;
  Header header = std::unexpected(Error{ErrorKind::system, "never set"});
  io::StartedTask<void> taking(take_header_into(*wire.server, long_enough, header));
  wire.fixture.run(send_bytewise(*wire.client, "PROXY UNKNOWN\r\nGET"));
  CHECK_OK(header);
  CHECK(!header->addresses);
  CHECK_EQUAL(wire.rest(), "GET");
}

TEST(a_proxy_header_that_does_not_come_is_an_error) {
  Wire wire;
  wire.fixture.run(send(*wire.client, "PROXY TCP4 "));
  CHECK_EQUAL(wire.header(soon).error().kind, ErrorKind::timed_out);
  wire.fixture.run(send(*wire.client, "GET / HTTP/1.1\r\n\r\n"));
  CHECK_EQUAL(wire.header().error().kind, ErrorKind::malformed);
  Wire other;
  other.fixture.run(send(*other.client, "PROXY"));
  other.fixture.run(end(*other.client));
  CHECK_EQUAL(other.header().error().kind, ErrorKind::end_of_stream);
}

TEST(a_handshake_is_told_by_its_first_byte) {
  CHECK(begins_handshake(bytes_of("\x16\x03\x01")));
  CHECK(!begins_handshake(bytes_of("CONNECT")));
  CHECK(!begins_handshake({}));
}

UNIT_MAIN(UNIT_TEST(what_was_seen_is_still_there), UNIT_TEST(as_many_bytes_as_wanted_are_waited_for),
          UNIT_TEST(fewer_bytes_do_where_no_more_come), UNIT_TEST(silence_and_leaving_are_errors),
          UNIT_TEST(a_proxy_header_is_taken_off), UNIT_TEST(a_proxy_header_may_come_byte_by_byte),
          UNIT_TEST(a_proxy_header_that_does_not_come_is_an_error), UNIT_TEST(a_handshake_is_told_by_its_first_byte))
