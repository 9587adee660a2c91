#include "sallyport/http/websocket_server_end.hpp"

#include "sallyport/http/websocket_observer.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

WebSocketCounts observed(std::string_view frames) {
  WebSocketObserver observer(WebSocketSender::server);
  observer.passed(bytes_of(frames));
  return observer.counts();
}

// A masked frame of a client, its mask all zeros.
std::string from_client(std::uint8_t first, std::string_view payload) {
  std::string frame{static_cast<char>(first), static_cast<char>(0x80 | payload.size())};
  return frame.append(4, '\0').append(payload);
}

RequestHead opening(const char* version, const char* key) {
  RequestHead request;
  request.fields.add("Sec-WebSocket-Version", version);
  request.fields.add("Sec-WebSocket-Key", key);
  return request;
}

}  // namespace

TEST(an_opening_handshake_is_answered) {
  // RFC 6455 §1.3
  const Result<ResponseHead> head = accept_websocket(opening("13", "dGhlIHNhbXBsZSBub25jZQ=="));
  CHECK(head && head->status == 101 && head->fields.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(!accept_websocket(opening("12", "dGhlIHNhbXBsZSBub25jZQ==")));
  CHECK(!accept_websocket(opening("13", "dGhlIHNhbXBsZQ==")));
  CHECK(!accept_websocket(opening("13", "")));
  CHECK(!accept_websocket({}));
}

TEST(text_of_any_length_is_one_frame) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65'535U, 65'536U, 200'000U}) {
    const std::string frame = websocket_text_frame(std::string(size, 'x'));
    const WebSocketCounts counts = observed(frame);
    CHECK(counts.broken.empty() && counts.frames == 1 && counts.text_messages == 1 && counts.payload_bytes == size);
  }
}

TEST(pings_and_the_close_are_answered_in_any_pieces) {
  const std::string said = from_client(0x89, "hello") + from_client(0x81, "dropped") + from_client(0x88, "\x03\xe8");
  for (std::size_t piece = 1; piece <= said.size(); ++piece) {
    const auto end = *WebSocketServerEnd::create();
    std::string replies;
    for (std::size_t at = 0; at < said.size(); at += piece) {
      CHECK(!end->over());
      end->received(bytes_of(std::string_view(said).substr(at, piece)), replies);
    }
    const WebSocketCounts counts = observed(replies);
    CHECK(end->over() && counts.close_code == 1000 && !replies.contains("dropped"));
    // What comes together with the Close need not be answered any more.
    CHECK(piece == said.size() || (counts.pongs == 1 && counts.frames == 2 && replies.contains("hello")));
  }
}

TEST(what_breaks_the_framing_or_is_too_long_ends_it) {
  for (const std::string& said : {std::string("\x81\x05hello", 7), from_client(0x83, ""), from_client(0x09, ""),
                                  std::string("\x81\xff\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00x", 15)}) {
    const auto end = *WebSocketServerEnd::create();
    std::string replies;
    end->received(bytes_of(said), replies);
    CHECK(end->over());
    const std::size_t before = replies.size();
    end->received(bytes_of(from_client(0x89, "late")), replies);
    CHECK(replies.size() == before);
  }
}

TEST(we_may_close_first) {
  const auto end = *WebSocketServerEnd::create();
  std::string replies;
  end->close(1001, replies);
  CHECK(end->over() && observed(replies).close_code == 1001);
  end->close(1008, replies);
  CHECK(observed(replies).frames == 1);
}

UNIT_MAIN(UNIT_TEST(an_opening_handshake_is_answered), UNIT_TEST(text_of_any_length_is_one_frame),
          UNIT_TEST(pings_and_the_close_are_answered_in_any_pieces),
          UNIT_TEST(what_breaks_the_framing_or_is_too_long_ends_it), UNIT_TEST(we_may_close_first))
