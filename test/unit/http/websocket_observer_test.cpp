#include "sallyport/http/websocket_observer.hpp"

#include <initializer_list>
#include <string>
#include <utility>

#include "check.hpp"
#include "websocket_frames.hpp"

using namespace sallyport;
using http::WebSocketCounts;
using http::WebSocketObserver;
using http::WebSocketSender;
using test::frame;
using test::FrameShape;

namespace {

constexpr FrameShape masked{.masked = true};

WebSocketCounts observe(const std::string& bytes, WebSocketSender sender, std::size_t piece = std::string::npos) {
  WebSocketObserver observer(sender);
  for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
    observer.passed(bytes_of(std::string_view(bytes).substr(at, piece)));
  }
  return observer.counts();
}

// The pieces in which bytes arrive decide nothing.
WebSocketCounts observe_in_all_pieces(const std::string& bytes, WebSocketSender sender) {
  const WebSocketCounts whole = observe(bytes, sender);
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U, 4096U, 4097U}) CHECK(observe(bytes, sender, piece) == whole);
  return whole;
}

std::string close_payload(unsigned code, std::string_view reason) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + std::string(reason);
}

}  // namespace

TEST(counts_what_a_client_sends) {
  const std::string bytes = frame(test::text, "hello", masked) + frame(test::binary, std::string(70'000, 'b'), masked) +
                            frame(test::text, "", masked) + frame(test::ping, "are you there", masked) +
                            frame(test::pong, "", masked) +
                            frame(test::close_frame, close_payload(1001, "going"), masked);
  const WebSocketCounts counts = observe_in_all_pieces(bytes, WebSocketSender::client);
  CHECK_EQUAL(counts.frames, 6U);
  CHECK_EQUAL(counts.text_messages, 2U);
  CHECK_EQUAL(counts.binary_messages, 1U);
  CHECK_EQUAL(counts.messages(), 3U);
  CHECK_EQUAL(counts.pings, 1U);
  CHECK_EQUAL(counts.pongs, 1U);
  CHECK_EQUAL(counts.payload_bytes, 70'005U);
  CHECK_EQUAL(counts.largest_message, 70'000U);
  CHECK_EQUAL(counts.close_code.value_or(0), 1001);
  CHECK_EQUAL(counts.broken, "");
}

TEST(a_message_in_fragments_is_one_message) {
  const std::string bytes = frame(test::text, "one", {.fin = false}) +
                            frame(test::continuation, "two", {.fin = false}) + frame(test::ping, "between") +
                            frame(test::continuation, "", {.fin = false}) + frame(test::continuation, "three") +
                            frame(test::binary, "four");
  const WebSocketCounts counts = observe_in_all_pieces(bytes, WebSocketSender::server);
  CHECK_EQUAL(counts.frames, 6U);
  CHECK_EQUAL(counts.text_messages, 1U);
  CHECK_EQUAL(counts.binary_messages, 1U);
  CHECK_EQUAL(counts.largest_message, 11U);
  CHECK_EQUAL(counts.payload_bytes, 15U);
  CHECK(!counts.close_code);
}

TEST(compressed_messages_are_told_by_their_first_frame) {
  const std::string bytes = frame(test::text, "x", {.fin = false, .reserved = 4}) + frame(test::continuation, "y") +
                            frame(test::binary, "z", {.reserved = 4}) + frame(test::binary, "plain");
  const WebSocketCounts counts = observe_in_all_pieces(bytes, WebSocketSender::server);
  CHECK_EQUAL(counts.compressed_messages, 2U);
  CHECK_EQUAL(counts.messages(), 3U);
}

TEST(lengths_on_both_sides_of_each_form) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65'535U, 65'536U, 200'000U}) {
    const std::string bytes = frame(test::binary, std::string(size, 'x'), masked);
    const WebSocketCounts counts = observe(bytes + bytes, WebSocketSender::client, 999);
    CHECK_EQUAL(counts.messages(), 2U);
    CHECK_EQUAL(counts.largest_message, size);
    CHECK_EQUAL(counts.payload_bytes, 2 * size);
  }
}

TEST(what_is_incomplete_is_not_counted_as_a_message) {
  const std::string bytes = frame(test::binary, std::string(1000, 'x'));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const WebSocketCounts counts = observe(bytes.substr(0, size), WebSocketSender::server);
    CHECK_EQUAL(counts.frames, 0U);
    CHECK_EQUAL(counts.messages(), 0U);
    CHECK_EQUAL(counts.payload_bytes, size < 4 ? 0 : size - 4);
    CHECK_EQUAL(counts.broken, "");
  }
}

TEST(close_codes) {
  const std::initializer_list<std::pair<std::string, unsigned>> cases = {
      {"", 1005}, {"\x03", 1005}, {close_payload(1000, ""), 1000}, {close_payload(4999, std::string(123, 'r')), 4999}};
  for (const auto& [payload, code] : cases) {
    const std::string bytes = frame(test::close_frame, payload);
    CHECK_EQUAL(observe_in_all_pieces(bytes, WebSocketSender::server).close_code.value_or(0), code);
  }
}

TEST(what_follows_a_close_is_not_looked_at) {
  const std::string bytes = frame(test::close_frame, "") + frame(test::text, "too late") + "\xff\xff\xff\xff";
  const WebSocketCounts counts = observe_in_all_pieces(bytes, WebSocketSender::server);
  CHECK_EQUAL(counts.frames, 1U);
  CHECK_EQUAL(counts.messages(), 0U);
  CHECK_EQUAL(counts.broken, "");
}

TEST(broken_framing_ends_the_counting_and_is_named) {
  const std::string good = frame(test::text, "good");
  const std::initializer_list<std::pair<std::string, std::string_view>> cases = {
      {frame(test::text, "x", masked), "a masked frame of a server"},
      {frame(3, "x"), "a reserved opcode"},
      {frame(11, "x"), "a reserved opcode"},
      {frame(test::continuation, "x"), "a continuation of no message"},
      {frame(test::text, "a", {.fin = false}) + frame(test::text, "b"), "a message within another one"},
      {frame(test::ping, "x", {.fin = false}), "a length or a control frame that RFC 6455 forbids"},
      {frame(test::ping, std::string(126, 'x')), "a length or a control frame that RFC 6455 forbids"},
      {frame(test::text, "x", {.long_form = 2}), "a length or a control frame that RFC 6455 forbids"},
      {frame(test::text, std::string(300, 'x'), {.long_form = 8}), "a length or a control frame that RFC 6455 forbids"},
      {std::string("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10),
       "a length or a control frame that RFC 6455 forbids"}};
  for (const auto& [bytes, why] : cases) {
    const WebSocketCounts counts = observe_in_all_pieces(good + bytes + "..." + good, WebSocketSender::server);
    CHECK_EQUAL(counts.broken, why);
    CHECK_EQUAL(counts.messages(), 1U);
  }
  CHECK_EQUAL(observe_in_all_pieces(good, WebSocketSender::client).broken, "an unmasked frame of a client");
}

TEST(a_length_beyond_all_memory_is_only_a_number) {
  const std::string header("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
  const WebSocketCounts counts = observe_in_all_pieces(header + std::string(5000, 'x'), WebSocketSender::server);
  CHECK_EQUAL(counts.payload_bytes, 5000U);
  CHECK_EQUAL(counts.frames, 0U);
  CHECK_EQUAL(counts.broken, "");
}

UNIT_MAIN(UNIT_TEST(counts_what_a_client_sends), UNIT_TEST(a_message_in_fragments_is_one_message),
          UNIT_TEST(compressed_messages_are_told_by_their_first_frame), UNIT_TEST(lengths_on_both_sides_of_each_form),
          UNIT_TEST(what_is_incomplete_is_not_counted_as_a_message), UNIT_TEST(close_codes),
          UNIT_TEST(what_follows_a_close_is_not_looked_at), UNIT_TEST(broken_framing_ends_the_counting_and_is_named),
          UNIT_TEST(a_length_beyond_all_memory_is_only_a_number))
