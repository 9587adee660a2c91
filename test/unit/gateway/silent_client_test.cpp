// A client that was silent for long: whatever it then says passes, except a ClientHello.
#include "../../../src/gateway/silent_client.hpp"

#include "loop_fixture.hpp"
#include "stream_steps.hpp"

using namespace sallyport;
using namespace sallyport::gateway;
using test::Received;

namespace {

struct Silent : test::LoopFixture {
  Silent() { std::tie(client, ours) = stream_pair(); }

  io::Task<void> say(std::string_view whole, std::size_t piece) {
    SilentClient stream(*ours);
    test::TrickleStream out(*client, piece, 1);
    io::StartedTask<void> saying(test::send_and_finish(out, std::string(whole)));
    co_await test::receive_all(stream, received);
    co_await saying.join();
  }

  std::unique_ptr<io::FdStream> client, ours;
  Received received;
};

Received heard(std::string_view whole, std::size_t piece) {
  Silent silent;
  silent.run(silent.say(whole, piece));
  return silent.received;
}

}  // namespace

TEST(what_is_not_tls_passes_in_any_pieces) {
  const std::string_view binary("\x80\x16\x02\x16\x03\x01", 6);
  for (const std::string_view said : {std::string_view("EHLO client.test\r\n"), binary, std::string_view("\x80", 1)}) {
    for (const std::size_t piece : {1U, 2U, 100U}) {
      const Received got = heard(said, piece);
      CHECK_OK(got.end);
      CHECK_EQUAL(got.bytes, said);
    }
  }
}

TEST(a_late_hello_does_not) {
  const std::string_view hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  for (const std::size_t piece : {1U, 3U, 100U}) {
    const Received got = heard(hello, piece);
    CHECK(!got.end);
    CHECK(got.end.error().kind == ErrorKind::not_permitted);
    CHECK_EQUAL(got.bytes, "");
  }
  // An alert first, as if a handshake were under way; and an SSLv2 hello, of which two bytes say nothing.
  CHECK(!heard(std::string_view("\x15\x03\x01\x00\x02\x01\x00", 7), 100).end);
  for (const std::size_t piece : {1U, 100U}) {
    const Received got = heard(std::string_view("\x80\x2e\x01\x03\x03\x00\x15", 7), piece);
    CHECK(!got.end);
    CHECK(got.bytes.size() <= 2);
  }
}

TEST(later_bytes_are_the_protocols_own) {
  const Received got = heard("STARTTLS\r\n\x16\x03\x01\x02\x00\x01", 10);
  CHECK_OK(got.end);
  CHECK_EQUAL(got.bytes.substr(0, 11), "STARTTLS\r\n\x16");
}

UNIT_MAIN(UNIT_TEST(what_is_not_tls_passes_in_any_pieces), UNIT_TEST(a_late_hello_does_not),
          UNIT_TEST(later_bytes_are_the_protocols_own))
