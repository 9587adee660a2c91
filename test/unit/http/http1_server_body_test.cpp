// Request bodies: awaited, refused, left unread.
#include "server_talk.hpp"

using namespace sallyport;
using namespace sallyport::io;
using namespace sallyport::test;

namespace {

const std::string expecting = "Expect: 100-continue\r\n";

std::string head_of_post(std::string_view path, std::size_t length, std::string_view fields = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a.test\r\nContent-Length: " + std::to_string(length) +
         "\r\n" + std::string(fields) + "\r\n";
}

// Sends the head, waits for `awaited`, sends the rest, ends and listens.
Task<void> in_two_steps(Talk& talk, std::string head, std::string awaited, std::string rest) {
  StartedTask<void> serving(talk.serve());
  co_await send(*talk.client, head);
  co_await receive(*talk.client, awaited.size(), talk.heard);
  CHECK_EQUAL(talk.heard.bytes, awaited);
  co_await send_and_finish(*talk.client, rest);
  co_await receive_all(*talk.client, talk.heard);
  co_await serving.join();
}

}  // namespace

TEST(a_client_that_waits_is_told_to_go_on) {
  Talk talk;
  talk.run(in_two_steps(talk, head_of_post("/continue", 4, expecting), "HTTP/1.1 100 Continue\r\n\r\n",
                        "body" + get("/echo")));
  CHECK_HEARD(talk, "100  | 200 /continue:body | 200 /echo:");
}

TEST(a_client_answered_while_it_waits_loses_the_connection) {
  // Whether what follows is the body or the next request, nobody can tell.
  Talk talk;
  talk.say_and_wait(head_of_post("/ignore", 4, expecting) + get("/never"));
  CHECK_HEARD(talk, "200 close ignored");
  CHECK_EQUAL(talk.handler.seen.size(), 1U);
}

TEST(a_client_that_did_not_wait_keeps_the_connection) {
  Talk talk;
  talk.say(head_of_post("/echo", 4, expecting) + "body" + get("/echo"));
  CHECK_HEARD(talk, "200 /echo:body | 200 /echo:");
}

TEST(an_expectation_without_a_body_or_from_http_1_0_is_none) {
  Talk talk;
  talk.say("POST /continue HTTP/1.0\r\nContent-Length: 4\r\n" + expecting + "\r\nbody");
  CHECK_HEARD(talk, "200 close /continue:body");
}

TEST(a_small_body_left_unread_does_not_hide_the_next_request) {
  Talk talk;
  talk.say(post("/ignore", "never read") + get("/echo"));
  CHECK_HEARD(talk, "200 ignored | 200 /echo:");
  Talk chunked;
  chunked.say("POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
              get("/echo"));
  CHECK_HEARD(chunked, "200 ignored | 200 /echo:");
}

TEST(a_large_body_left_unread_ends_the_connection_after_the_answer) {
  Talk talk;
  // More than is ever read for nothing; the client goes on sending while it listens.
  talk.run([](Talk& with) -> Task<void> {
    StartedTask<void> serving(with.serve());
    const Result<void> head = co_await with.client->write(bytes_of(head_of_post("/ignore", 50'000'000)));
    CHECK_OK(head);
    const std::string part(100'000, 'x');
    // Until the connection ends, as it must.
    for (int parts = 0; parts < 500; ++parts) {
      const Result<void> sent = co_await with.client->write(bytes_of(part));
      if (!sent) break;
      CHECK(parts < 100);
    }
    co_await receive_all(*with.client, with.heard);
    co_await serving.join();
  }(talk));
  CHECK_HEARD(talk, "200 ignored");
  CHECK_EQUAL(talk.handler.seen.size(), 1U);
}

TEST(a_body_that_breaks_its_framing_ends_the_connection) {
  Talk talk;
  talk.say_and_wait("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n" +
                    get("/never"));
  const std::vector<std::string> heard = responses_in(talk.heard.bytes);
  CHECK_EQUAL(heard.size(), 1U);
  CHECK(heard.front().starts_with("400 "));
  CHECK_EQUAL(talk.handler.seen.size(), 1U);
  // The same where nobody reads it.
  Talk ignored;
  ignored.say_and_wait("POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n" +
                       get("/never"));
  CHECK_HEARD(ignored, "200 ignored");
  CHECK_EQUAL(ignored.handler.seen.size(), 1U);
}

TEST(a_body_cut_off_is_an_error_to_its_reader) {
  Talk talk;
  talk.say(head_of_post("/echo", 10) + "half");
  const std::vector<std::string> heard = responses_in(talk.heard.bytes);
  CHECK_EQUAL(heard.size(), 1U);
  CHECK(heard.front().ends_with("the client ended the connection in the middle of the body"));
}

TEST(a_body_that_stops_coming_is_an_error_to_its_reader) {
  Talk talk;
  talk.options.body = milliseconds(30);
  talk.say_and_wait(head_of_post("/echo", 10) + "half");
  const std::vector<std::string> heard = responses_in(talk.heard.bytes);
  CHECK_EQUAL(heard.size(), 1U);
  CHECK(heard.front().starts_with("400 "));
}

TEST(reading_can_be_stopped_and_the_connection_lives_on) {
  Talk talk;
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nstopped";
  talk.run(in_two_steps(talk, head_of_post("/stop", 5), answer, "later" + get("/echo")));
  CHECK_HEARD(talk, "200 stopped | 200 /echo:");
  CHECK_EQUAL(talk.handler.stopped_with.kind, ErrorKind::cancelled);
}

TEST(a_body_that_nobody_wants_is_awaited_for_a_moment_only) {
  Talk talk;
  const TimePoint start = Clock::now();
  talk.say_and_wait(head_of_post("/ignore", 10) + "half");
  CHECK_HEARD(talk, "200 ignored");
  CHECK(Clock::now() - start < std::chrono::seconds(10));
}

UNIT_MAIN(UNIT_TEST(a_client_that_waits_is_told_to_go_on),
          UNIT_TEST(a_client_answered_while_it_waits_loses_the_connection),
          UNIT_TEST(a_client_that_did_not_wait_keeps_the_connection),
          UNIT_TEST(an_expectation_without_a_body_or_from_http_1_0_is_none),
          UNIT_TEST(a_small_body_left_unread_does_not_hide_the_next_request),
          UNIT_TEST(a_large_body_left_unread_ends_the_connection_after_the_answer),
          UNIT_TEST(a_body_that_breaks_its_framing_ends_the_connection),
          UNIT_TEST(a_body_cut_off_is_an_error_to_its_reader),
          UNIT_TEST(a_body_that_stops_coming_is_an_error_to_its_reader),
          UNIT_TEST(reading_can_be_stopped_and_the_connection_lives_on),
          UNIT_TEST(a_body_that_nobody_wants_is_awaited_for_a_moment_only))
