// Requests one after another, and the ways in which a conversation ends.
#include "sallyport/http/http1_server.hpp"

#include "hinted_stream.hpp"
#include "server_talk.hpp"

using namespace sallyport;
using namespace sallyport::io;
using namespace sallyport::test;

namespace {

Task<void> request_then_silence(Talk& talk, bool drain) {
  StartedTask<void> serving(talk.serve());
  Received first;
  const std::string expected = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nignored";
  co_await send(*talk.client, get("/ignore"));
  co_await receive(*talk.client, expected.size(), first);
  CHECK_EQUAL(first.bytes, expected);
  if (drain) talk.handler.drain();
  co_await receive_all(*talk.client, talk.heard);
  co_await serving.join();
}

Task<void> byte_by_byte(Talk& talk, std::string requests) {
  StartedTask<void> serving(talk.serve());
  StartedTask<void> listening(receive_all(*talk.client, talk.heard));
  for (const char c : requests) {
    co_await send(*talk.client, std::string(1, c));
    co_await sleep_until(*talk.loop, Clock::now());
  }
  co_await send_and_finish(*talk.client, "");
  co_await listening.join();
  co_await serving.join();
}

Task<void> serve_hinted(Talk& talk, HintedStream& below) {
  http::http1::Server server(below, talk.buffers, talk.options, talk.handler);
  co_await server.serve();
  talk.server_side->close({ErrorKind::end_of_stream, "served"});
}

// How the answers to all this are written.
Task<void> hints_of(Talk& talk, std::string requests, std::string& hints) {
  HintedStream below(*talk.server_side);
  StartedTask<void> serving(serve_hinted(talk, below));
  co_await send(*talk.client, std::move(requests));
  co_await receive_all(*talk.client, talk.heard);
  talk.client->close({ErrorKind::end_of_stream, "heard"});
  co_await serving.join();
  hints = below.hints;
}

std::string hints_of(std::string requests) {
  Talk talk;
  std::string hints;
  talk.run(hints_of(talk, std::move(requests), hints));
  return hints;
}

}  // namespace

TEST(pipelined_requests_are_answered_in_order) {
  Talk talk;
  std::string requests, expected;
  for (int i = 0; i < 50; ++i) {
    const std::string body(static_cast<std::size_t>(i), 'b');
    requests += i % 3 == 0 ? get("/n" + std::to_string(i)) : post("/n" + std::to_string(i), body);
    expected += (i == 0 ? "200 /n" : " | 200 /n") + std::to_string(i) + ":" + (i % 3 == 0 ? "" : body);
  }
  talk.say(requests);
  CHECK_HEARD(talk, expected);
  CHECK_EQUAL(talk.handler.seen.size(), 50U);
  CHECK_EQUAL(talk.handler.protocols.front(), "http/1.1");
  CHECK_OK(talk.heard.end);
}

TEST(a_flood_of_pipelined_requests_leaves_the_loop_its_turns) {
  constexpr std::size_t count = 1'000;
  Talk talk;
  std::string requests;
  for (std::size_t i = 0; i < count; ++i) requests += get("/n");
  const std::uint64_t turns_before = talk.loop->turn();
  talk.say(requests);
  CHECK_EQUAL(talk.handler.seen.size(), count);
  // Sixteen exchanges a turn: without the bound a few turns would do for all of them.
  CHECK(talk.loop->turn() - turns_before >= count / 16);
}

TEST(the_pieces_in_which_requests_arrive_do_not_matter) {
  Talk talk;
  const std::string chunked =
      "POST /c HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n";
  talk.run(byte_by_byte(talk, post("/p", "body") + chunked + get("/g")));
  CHECK_HEARD(talk, "200 /p:body | 200 /c:abc[X-T] | 200 /g:");
}

TEST(a_response_may_stream_with_trailers) {
  Talk talk;
  talk.say(get("/stream") + get("/echo"));
  CHECK_HEARD(talk, "200 20008 bytes X-Sum=3 | 200 /echo:");
}

TEST(the_client_may_end_the_connection) {
  Talk talk;
  talk.say_and_wait(get("/a") + get("/b", "Connection: close\r\n") + get("/never"));
  CHECK_HEARD(talk, "200 /a: | 200 close /b:");
  CHECK_EQUAL(talk.handler.seen.size(), 2U);
}

TEST(the_handler_may_end_the_connection) {
  Talk talk;
  talk.say_and_wait(get("/last") + get("/never"));
  CHECK_HEARD(talk, "200 close /last:");
}

TEST(http_1_0_keeps_the_connection_only_when_asked) {
  {
    Talk talk;
    talk.say_and_wait("GET /a HTTP/1.0\r\n\r\nGET /never HTTP/1.0\r\n\r\n");
    CHECK_HEARD(talk, "200 close /a:");
  }
  {
    Talk talk;
    talk.say_and_wait("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
    CHECK_HEARD(talk, "200 /a: | 200 close /b:");
    CHECK(talk.heard.bytes.contains("Connection: keep-alive\r\n"));
  }
  // It knows neither chunks nor interim responses.
  Talk talk;
  talk.say_and_wait("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK_HEARD(talk, "200 close 20008 bytes");
  Talk early;
  early.say_and_wait("GET /early HTTP/1.0\r\n\r\n");
  CHECK_HEARD(early, "200 close /early:");
}

TEST(interim_responses_come_first) {
  Talk talk;
  talk.say(get("/early") + get("/echo"));
  CHECK_HEARD(talk, "103  | 200 /early: | 200 /echo:");
}

TEST(what_cannot_be_read_is_answered_and_ends_the_connection) {
  struct Row {
    std::string request, answer;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 close "},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "400 close "},
      {"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(70'000, 'x') + "\r\n\r\n", "431 close "},
      {"GET / HTTP/2.7\r\nHost: a\r\n\r\n", "505 close "},
      {"\x16\x03\x01", "400 close "},
  };
  for (const Row& row : rows) {
    Talk talk;
    talk.say_and_wait(get("/first") + row.request + get("/never"));
    const std::string heard = joined(responses_in(talk.heard.bytes));
    if (!heard.starts_with("200 /first: | " + row.answer)) CHECK_EQUAL(heard, row.answer);
    CHECK_EQUAL(talk.handler.seen.size(), 1U);
    CHECK_OK(talk.heard.end);  // ended in the orderly way, so that the answer arrives
  }
}

TEST(a_head_that_does_not_arrive_in_time_is_answered_with_408) {
  Talk talk;
  talk.options.header = milliseconds(30);
  talk.say_and_wait("GET / HTTP/1.1\r\nHost: a");
  CHECK_HEARD(talk, "408 close the request's head did not arrive in time");
  // The time runs for each head from its first byte.
  Talk second;
  second.options.header = milliseconds(300);
  second.say_and_wait(get("/a") + "GET /b HTTP/1.1\r\n");
  CHECK_HEARD(second, "200 /a: | 408 close the request's head did not arrive in time");
}

TEST(a_client_that_says_nothing_gets_no_answer) {
  Talk silent;
  silent.options.header = milliseconds(20);
  silent.say_and_wait("");
  CHECK_EQUAL(silent.heard.bytes, "");
  CHECK_OK(silent.heard.end);
  Talk idle;
  idle.options.idle = milliseconds(20);
  idle.run(request_then_silence(idle, false));
  CHECK_EQUAL(idle.heard.bytes, "");
  CHECK_OK(idle.heard.end);
}

TEST(a_client_that_leaves_in_the_middle_gets_no_answer) {
  Talk talk;
  talk.say("GET / HTTP/1.1\r\nHo");
  CHECK_EQUAL(talk.heard.bytes, "");
}

TEST(draining_ends_a_waiting_connection_at_once) {
  Talk talk;
  const TimePoint start = Clock::now();
  talk.run(request_then_silence(talk, true));
  CHECK_EQUAL(talk.heard.bytes, "");
  CHECK(Clock::now() - start < std::chrono::seconds(10));
}

TEST(draining_completes_the_exchange_and_says_so) {
  Talk talk;
  talk.say_and_wait(get("/slow") + get("/never"));
  CHECK_HEARD(talk, "200 close /slow:");
  CHECK_EQUAL(talk.handler.seen.size(), 1U);
}

TEST(a_response_cut_off_is_no_response) {
  Talk talk;
  talk.say_and_wait(get("/cut") + get("/never"));
  CHECK_HEARD(talk, "200 cut cut");
  CHECK_EQUAL(talk.handler.seen.size(), 1U);
}

TEST(another_protocol_gets_what_was_read_ahead) {
  Talk talk;
  talk.say(get("/echo") + get("/switch", "Connection: Upgrade\r\nUpgrade: echo\r\n") + "read ahead" +
           std::string(30'000, '+'));
  CHECK_HEARD(talk, "200 /echo: | 101  | [read ahead" + std::string(30'000, '+') + "]");
  CHECK(talk.heard.bytes.contains("Upgrade: echo\r\n"));
  CHECK_EQUAL(talk.handler.seen.size(), 2U);
}

TEST(the_last_response_leaves_with_the_end_of_the_connection) {
  const std::string_view close = "Connection: close\r\n";
  CHECK_EQUAL(hints_of(get("/echo") + get("/echo", close)), ".+|");
  CHECK_EQUAL(hints_of(get("/last")), "+|");
  // What is still to come of a request may hold up the end.
  CHECK_EQUAL(hints_of(post("/echo", "body", close)), ".|");
}

UNIT_MAIN(UNIT_TEST(pipelined_requests_are_answered_in_order),
          UNIT_TEST(a_flood_of_pipelined_requests_leaves_the_loop_its_turns),
          UNIT_TEST(the_pieces_in_which_requests_arrive_do_not_matter), UNIT_TEST(a_response_may_stream_with_trailers),
          UNIT_TEST(the_client_may_end_the_connection), UNIT_TEST(the_handler_may_end_the_connection),
          UNIT_TEST(http_1_0_keeps_the_connection_only_when_asked), UNIT_TEST(interim_responses_come_first),
          UNIT_TEST(what_cannot_be_read_is_answered_and_ends_the_connection),
          UNIT_TEST(a_head_that_does_not_arrive_in_time_is_answered_with_408),
          UNIT_TEST(a_client_that_says_nothing_gets_no_answer),
          UNIT_TEST(a_client_that_leaves_in_the_middle_gets_no_answer),
          UNIT_TEST(draining_ends_a_waiting_connection_at_once), UNIT_TEST(draining_completes_the_exchange_and_says_so),
          UNIT_TEST(a_response_cut_off_is_no_response), UNIT_TEST(another_protocol_gets_what_was_read_ahead),
          UNIT_TEST(the_last_response_leaves_with_the_end_of_the_connection))
