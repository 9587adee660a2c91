#include <tuple>

#include "sallyport/http/http2_shared_connection.hpp"

#include "http2_frames.hpp"
#include "origin_fixture.hpp"
#include "server_talk.hpp"

using namespace sallyport;
using namespace sallyport::http;
using namespace sallyport::io;
using namespace sallyport::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct Asked {
  std::string method = "GET";
  std::string body;
  std::string upgrade;
  Fields trailers;
};

RequestHead head_of(const Asked& asked) {
  RequestHead head{.method = asked.method, .scheme = "https", .authority = "a.test", .path = "/a", .fields = {}};
  if (!asked.trailers.empty()) head.fields.add("Trailer", "x-sum");
  return head;
}

const char* text_of(Again again) {
  switch (again) {
    case Again::no:
      return "no";
    case Again::if_idempotent:
      return "if idempotent";
    case Again::yes:
      return "yes";
    case Again::over_http1:
      return "over HTTP/1.1";
  }
  return "?";
}

// A shared connection, an origin that says what a test wants, and what came of it.
struct Shared : OriginFixture {
  explicit Shared(
      http2::SharedOptions given = {.limits = {}, .unused = seconds(20), .idle = seconds(20), .body = seconds(20)})
      : connection(std::make_unique<http2::SharedConnection>(
            connect_plainly(), buffers, given, [](void* self) { static_cast<Shared*>(self)->over = true; }, this)) {}

  // What the origin has heard behind the preface.
  [[nodiscard]] std::string heard() const {
    constexpr std::size_t preface_bytes = NGHTTP2_CLIENT_MAGIC_LEN;
    return received.bytes.size() < preface_bytes ? ""
                                                 : joined(FrameReader().read(received.bytes.substr(preface_bytes)));
  }
  Task<void> hear(std::string what) {
    for (bool more = true; more && !heard().contains(what);) {
      const std::size_t before = received.bytes.size();
      co_await receive(*server_socket, before + 1, received);
      more = received.bytes.size() > before;
    }
  }
  // The same once the connection is over.
  std::string last_words() {
    connection.reset();
    run(receive_all(*server_socket, received));
    return heard();
  }
  Task<void> say(std::string bytes) {
    // A gateway that had enough takes no more.
    [[maybe_unused]] const Result<void> said = co_await server_socket->write(bytes_of(bytes));
  }

  // One exchange after another. `answer` follows the request's head, of stream 1, 3, 5 and so on; `then`
  // ends the connection.
  enum class Then { stays, closes };
  std::string visit(const Asked& asked, const std::string& answer, Then then = Then::stays) {
    std::string outcome;
    run(talk(*this, asked, answer, then, outcome));
    next_stream += 2;
    return outcome;
  }
  static Task<void> talk(Shared& shared, const Asked& asked, std::string answer, Then then, std::string& outcome) {
    StartedTask<void> answering(shared.answer(std::move(answer), then));
    const std::unique_ptr<UpstreamExchange> exchange = shared.connection->begin();
    StartedTask<void> asking(ask(*exchange, asked));
    co_await read_response(*exchange, outcome);
    co_await asking.join();
    co_await answering.join();
  }
  Task<void> answer(std::string bytes, Then then) {
    co_await hear(std::to_string(next_stream) + " ");
    co_await say(std::move(bytes));
    if (then == Then::closes) server_socket->close({ErrorKind::cancelled, "the origin leaves"});
  }
  static Task<void> ask(UpstreamExchange& exchange, const Asked& asked) {
    const RequestHead head = head_of(asked);
    const BodyShape shape = asked.body.empty() ? BodyShape::none() : BodyShape::sized(asked.body.size());
    Result<void> sent = co_await exchange.send_head(head, shape, asked.upgrade);
    if (sent && shape.present) sent = co_await exchange.send_body(bytes_of(asked.body));
    if (sent) sent = co_await exchange.finish(asked.trailers);
  }
  // "103 200 body[trailers]", and how it failed.
  static Task<void> read_response(UpstreamExchange& exchange, std::string& outcome) {
    unsigned status = 0;
    while (status < 200 && status != 101) {
      const Result<ResponseHead*> head = co_await exchange.read_head();
      if (!head) {
        outcome += failure(exchange, head.error());
        co_return;
      }
      status = (*head)->status;
      outcome += std::to_string(status) + " ";
    }
    BodySource& body = exchange.response_body();
    for (;;) {
      const Result<ByteView> part = co_await body.read();
      if (!part) outcome += " " + failure(exchange, part.error());
      if (!part || part->empty()) break;
      outcome += sallyport::text_of(*part);
    }
    for (const Field& field : body.trailers()) outcome += "[" + field.name + "=" + field.value + "]";
  }
  static std::string failure(const UpstreamExchange& exchange, const Error& error) {
    return "failed: " + error.reason + "; again: " + text_of(exchange.again());
  }

  // So that fewer than all of the loop's events have been handled, none is missed.
  void settle() { run(sleep_until(*loop, Clock::now() + milliseconds(5))); }

  std::unique_ptr<http2::SharedConnection> connection;
  Received received;
  int next_stream = 1;
  bool over = false;
};

std::string settings(const std::vector<std::pair<int, std::uint32_t>>& entries = {}) {
  std::string payload;
  for (const auto& [id, value] : entries)
    payload += big_endian(static_cast<std::uint32_t>(id), 2) + big_endian(value, 4);
  return frame(NGHTTP2_SETTINGS, 0, 0, payload);
}
std::string response(std::uint32_t stream, const std::string& status, bool end_stream = true, Lines more = {}) {
  Lines lines{{":status", status}};
  lines.insert(lines.end(), more.begin(), more.end());
  return headers(stream, lines, end_stream);
}
std::string goaway(std::uint32_t last_stream, std::uint32_t code) {
  return frame(NGHTTP2_GOAWAY, 0, 0, big_endian(last_stream, 4) + big_endian(code, 4));
}
std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int count = 0; count < times; ++count) all += text;
  return all;
}

Task<void> begin_after_goaway(Shared& all) {
  co_await all.say(settings() + goaway(0, 0));
  while (all.connection->takes_another()) co_await next_turn(*all.loop);
  const std::unique_ptr<UpstreamExchange> exchange = all.connection->begin();
  const RequestHead head = head_of({});
  const Result<void> sent = co_await exchange->send_head(head, BodyShape::none(), "");
  CHECK(!sent);
  CHECK(exchange->again() == Again::yes);
}

Task<void> count_streams(Shared& all) {
  CHECK(!all.connection->allowed());
  const std::string said = settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});
  co_await all.say(said);
  while (!all.connection->settled()) co_await next_turn(*all.loop);
  CHECK_EQUAL(all.connection->allowed().value_or(0), 1U);
  CHECK(all.connection->takes_another());
  std::unique_ptr<UpstreamExchange> exchange = all.connection->begin();
  const Asked asked;
  co_await Shared::ask(*exchange, asked);
  CHECK(!all.connection->takes_another());
  CHECK_EQUAL(all.connection->exchanges(), 1U);
  exchange.reset();
  CHECK(all.connection->takes_another());
  CHECK(!all.connection->takes_extended_connect());
}

Task<void> answer_early(Shared& all) {
  const std::unique_ptr<UpstreamExchange> exchange = all.connection->begin();
  const RequestHead head = head_of({.method = "POST"});
  const Result<void> head_sent = co_await exchange->send_head(head, BodyShape::streamed(), "");
  CHECK_OK(head_sent);
  const Result<void> part_sent = co_await exchange->send_body(bytes_of("part"));
  CHECK_OK(part_sent);
  co_await all.hear("part");
  co_await all.say(settings() + response(1, "413", false) + data(1, "enough") + reset(1, 0));
  std::string outcome;
  co_await Shared::read_response(*exchange, outcome);
  CHECK_EQUAL(outcome, "413 enough");
  const Result<void> sent = co_await exchange->send_body(bytes_of("more"));
  CHECK(!sent);
}

Task<void> wait_for_room(Shared& all) {
  const std::string said = settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  co_await all.say(said);
  while (!all.connection->settled()) co_await next_turn(*all.loop);
  const std::unique_ptr<UpstreamExchange> exchange = all.connection->begin();
  const RequestHead head = head_of({.method = "POST"});
  const Result<void> head_sent = co_await exchange->send_head(head, BodyShape::streamed(), "");
  CHECK_OK(head_sent);
  CHECK(!exchange->has_room());
  StartedTask<void> opening(all.say(frame(NGHTTP2_WINDOW_UPDATE, 0, 1, big_endian(4, 4))));
  const Result<void> room = co_await exchange->wait_for_room();
  CHECK_OK(room);
  CHECK(exchange->has_room());
  co_await opening.join();
}

Task<void> switch_protocols(Shared& all) {
  const std::string said = settings({{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}});
  co_await all.say(said);
  while (!all.connection->settled()) co_await next_turn(*all.loop);
  CHECK(all.connection->takes_extended_connect());
  const std::unique_ptr<UpstreamExchange> exchange = all.connection->begin();
  const RequestHead head = head_of({});
  const Result<void> head_sent = co_await exchange->send_head(head, BodyShape::none(), "websocket");
  CHECK_OK(head_sent);
  co_await all.hear("CONNECT");
  co_await all.say(response(1, "200", false) + data(1, "hello"));
  const Result<ResponseHead*> switched = co_await exchange->read_head();
  CHECK_OK(switched);
  CHECK_EQUAL((*switched)->status, 101U);
  Stream& stream = exchange->take_over();
  Received from_origin;
  co_await receive_all(stream, from_origin);
  CHECK_EQUAL(from_origin.bytes, "hello");
  co_await send_and_finish(stream, "bye");
  co_await all.hear("bye");
}

Task<void> wait_until_over(Shared& all) {
  while (!all.over) co_await sleep_until(*all.loop, Clock::now() + milliseconds(1));
}

Task<void> retire_under_way(Shared& all) {
  std::unique_ptr<UpstreamExchange> exchange = all.connection->begin();
  const Asked asked;
  co_await Shared::ask(*exchange, asked);
  all.connection->retire();
  CHECK(!all.connection->takes_another());
  co_await next_turn(*all.loop);
  CHECK(!all.over);
  exchange.reset();
  while (!all.over) co_await next_turn(*all.loop);
  CHECK(all.connection->over());
}

}  // namespace

TEST(each_exchange_is_a_stream) {
  Shared shared;
  CHECK(!shared.connection->used());
  CHECK_EQUAL(shared.visit({}, settings() + response(1, "200", false) + data(1, "hello")), "200 hello");
  CHECK(shared.connection->used());
  CHECK_EQUAL(shared.visit({.method = "POST", .body = "body"}, response(3, "201")), "201 ");
  CHECK_EQUAL(shared.visit({.method = "POST",
                            .body = "x",
                            .trailers =
                                [] {
                                  Fields fields;
                                  fields.add("X-Sum", "1");
                                  return fields;
                                }()},
                           response(5, "200")),
              "200 ");
  CHECK_EQUAL(shared.last_words(), "1 GET /a. | 3 POST /a | 3 \"body\". | 5 POST /a | 5 \"x\" | 5 trailers x-sum=1.");
}

TEST(every_shape_of_a_response_is_read) {
  Shared shared;
  CHECK_EQUAL(shared.visit({}, settings() + response(1, "103", false) + response(1, "200", false) +
                                   data(1, "a", false) + headers(1, {{"x-sum", "1"}})),
              "103 200 a[x-sum=1]");
  CHECK_EQUAL(shared.visit({.method = "HEAD"}, response(3, "200", true, {{"content-length", "5"}})), "200 ");
  CHECK_EQUAL(shared.visit({}, response(5, "204")), "204 ");
  CHECK_EQUAL(shared.visit({}, response(7, "304", true, {{"content-length", "5"}})), "304 ");
}

TEST(a_response_cut_short_has_no_clean_end) {
  const Lines sized{{"content-length", "5"}};
  const auto outcome = [](const std::string& answer, Shared::Then then = Shared::Then::stays) {
    Shared shared;
    return shared.visit({}, settings() + answer, then);
  };
  CHECK(outcome(response(1, "200", false, sized) + data(1, "four")).contains("failed"));
  CHECK(outcome(response(1, "200", false, sized) + data(1, "sixsix")).contains("failed"));
  CHECK(outcome(response(1, "200", true, sized)).contains("failed"));
  CHECK_EQUAL(outcome(response(1, "200", false) + data(1, "ab", false) + reset(1, 2)),
              "200 ab failed: the peer reset the stream: INTERNAL_ERROR (0x2); again: no");
  CHECK(outcome(response(1, "200", false) + data(1, "ab", false), Shared::Then::closes).starts_with("200 ab failed: "));
  CHECK(outcome(response(1, "200", false) + data(1, "ab", false) + goaway(1, 0), Shared::Then::closes)
            .starts_with("200 ab failed: "));
}

TEST(only_what_was_not_processed_may_go_again) {
  const auto outcome = [](const std::string& answer, Shared::Then then = Shared::Then::stays) {
    Shared shared;
    const std::string told = shared.visit({}, settings() + answer, then);
    return told.substr(std::min(told.size(), told.find("again: ")));
  };
  CHECK_EQUAL(outcome(reset(1, 7)), "again: yes");
  CHECK_EQUAL(outcome(reset(1, 13)), "again: over HTTP/1.1");
  CHECK_EQUAL(outcome(goaway(0, 0)), "again: yes");
  CHECK_EQUAL(outcome(goaway(0, 2)), "again: yes");
  CHECK_EQUAL(outcome(reset(1, 8)), "again: no");
  CHECK_EQUAL(outcome(goaway(1, 0), Shared::Then::closes), "again: no");
  CHECK_EQUAL(outcome("", Shared::Then::closes), "again: no");
  CHECK_EQUAL(outcome(response(1, "103", false) + reset(1, 7)), "again: no");
}

TEST(a_connection_that_served_before_may_have_ended_meanwhile) {
  Shared shared;
  CHECK_EQUAL(shared.visit({}, settings() + response(1, "200")), "200 ");
  CHECK(shared.visit({}, "", Shared::Then::closes).ends_with("again: if idempotent"));
}

TEST(a_request_that_was_never_sent_may_go_again) {
  Shared shared;
  shared.run(begin_after_goaway(shared));
  CHECK(shared.over);
}

TEST(the_origin_says_how_many_streams_there_are) {
  Shared shared;
  shared.run(count_streams(shared));
}

// G05: a push that the origin was told not to make, whether or not it says that it heard that.
TEST(a_push_ends_the_connection) {
  for (const std::string& acknowledged : {std::string(), frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "")}) {
    Shared shared;
    const std::string push = frame(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1,
                                   big_endian(2, 4) + block_of(request_lines("GET", "/pushed")));
    const std::string outcome = shared.visit(
        {}, settings() + acknowledged + push + response(2, "200") + response(1, "200", false) + data(1, "a"));
    CHECK_EQUAL(outcome, "failed: HTTP/2: a push, which our SETTINGS forbid; again: no");
    CHECK_EQUAL(shared.last_words(), "1 GET /a. | 0 GOAWAY PROTOCOL_ERROR");
  }
}

// G05, of origins.
TEST(an_origin_that_floods_is_left) {
  const auto fault_of = [](const std::string& first, const std::string& again) {
    Shared shared;
    const std::string outcome = shared.visit({}, settings() + first + repeated(again, 3'000));
    CHECK_EQUAL(shared.last_words(), "1 GET /a. | 0 GOAWAY ENHANCE_YOUR_CALM");
    CHECK(shared.over);
    CHECK(outcome.ends_with("; again: no"));
    const std::size_t many = std::min(outcome.size(), outcome.find("many ") + 5);
    return outcome.substr(many, outcome.find(';') - many);
  };
  const std::string endless = frame(NGHTTP2_HEADERS, 0, 1, block_of({{":status", "200"}}));
  CHECK_EQUAL(fault_of("", frame(NGHTTP2_PING, 0, 0, "12345678")), "PING frames");
  CHECK_EQUAL(fault_of("", settings()), "SETTINGS frames");
  CHECK_EQUAL(fault_of("", frame(NGHTTP2_PRIORITY, 0, 1, std::string(4, '\0') + "x")), "PRIORITY frames");
  CHECK_EQUAL(fault_of("", frame(NGHTTP2_WINDOW_UPDATE, 0, 0, big_endian(1, 4))), "WINDOW_UPDATE frames");
  CHECK_EQUAL(fault_of("", frame(0xbe, 0, 0, "")), "frames of unknown types");
  CHECK_EQUAL(fault_of("", goaway(0x7fffffff, 0)), "GOAWAY frames");
  CHECK_EQUAL(fault_of(response(1, "200", false), data(1, "", false)), "empty DATA frames");
  CHECK_EQUAL(fault_of(endless, frame(NGHTTP2_CONTINUATION, 0, 1, block_of({{"x", "y"}}))),
              "CONTINUATION frames in a header block");
}

TEST(heads_of_an_origin_are_bounded) {
  http2::SharedOptions options{.limits = {}, .unused = seconds(20), .idle = seconds(20), .body = seconds(20)};
  options.limits.header_bytes = 4096;
  Shared shared(options);
  CHECK(
      shared.visit({}, settings() + response(1, "200", true, {{"x", std::string(5000, 'x')}})).starts_with("failed: "));
  CHECK_EQUAL(shared.visit({}, response(3, "200")), "200 ");
  Shared chatty;
  CHECK(chatty.visit({}, settings() + repeated(response(1, "103", false), 50)).contains("failed: "));
}

TEST(an_answer_may_come_before_the_request_has_ended) {
  Shared shared;
  shared.run(answer_early(shared));
  CHECK(shared.connection->takes_another());
}

TEST(nothing_is_wanted_of_a_body_before_there_is_room) {
  Shared shared;
  shared.run(wait_for_room(shared));
}

TEST(an_extended_connect_becomes_a_flow_both_ways) {
  Shared shared;
  shared.run(switch_protocols(shared));
  CHECK(shared.heard().contains("websocket"));
}

TEST(it_ends_once_nobody_needs_it) {
  Shared idle({.limits = {}, .unused = seconds(20), .idle = milliseconds(1), .body = seconds(20)});
  CHECK_EQUAL(idle.visit({}, settings() + response(1, "200")), "200 ");
  idle.run(wait_until_over(idle));
  CHECK(!idle.connection->takes_another());
  CHECK_EQUAL(idle.last_words(), "1 GET /a. | 0 GOAWAY NO_ERROR");

  Shared retired;
  retired.run(retire_under_way(retired));

  Shared silent({.limits = {}, .unused = milliseconds(1), .idle = milliseconds(1), .body = seconds(20)});
  CHECK(silent.visit({}, "").starts_with("failed: no HTTP/2 SETTINGS came in time"));
}

UNIT_MAIN(UNIT_TEST(each_exchange_is_a_stream), UNIT_TEST(every_shape_of_a_response_is_read),
          UNIT_TEST(a_response_cut_short_has_no_clean_end), UNIT_TEST(only_what_was_not_processed_may_go_again),
          UNIT_TEST(a_connection_that_served_before_may_have_ended_meanwhile),
          UNIT_TEST(a_request_that_was_never_sent_may_go_again), UNIT_TEST(the_origin_says_how_many_streams_there_are),
          UNIT_TEST(a_push_ends_the_connection), UNIT_TEST(an_origin_that_floods_is_left),
          UNIT_TEST(heads_of_an_origin_are_bounded), UNIT_TEST(an_answer_may_come_before_the_request_has_ended),
          UNIT_TEST(nothing_is_wanted_of_a_body_before_there_is_room),
          UNIT_TEST(an_extended_connect_becomes_a_flow_both_ways), UNIT_TEST(it_ends_once_nobody_needs_it))
