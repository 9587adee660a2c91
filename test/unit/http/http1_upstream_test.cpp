#include "sallyport/http/http1_upstream.hpp"

#include <string>
#include <vector>

#include "sallyport/io/notification.hpp"

#include "origin_fixture.hpp"

using namespace sallyport;
using namespace sallyport::http;
using namespace sallyport::io;
using std::chrono::milliseconds;
using test::Received;

namespace {

enum class Ending { stays, ends, vanishes };  // vanishes: under TLS, without close_notify

struct Asked {
  std::string method = "GET";
  std::string body;
  std::string upgrade;
  bool in_parts = false;
};

// One request to an origin that says a fixed text.
struct Visit : test::OriginFixture {
  std::vector<std::string> heads;  // "200 length=3" of each head
  std::string body;
  std::string trailers;
  Error error;  // reason empty: none
  bool failed_for_age = false;
  bool kept = false;
  Received at_origin;
  OriginConnectionPtr connection;
  Duration idle = std::chrono::seconds(20);

  void ask(const Asked& asked, const std::string& answer, Ending ending) {
    heads.clear();
    body.clear();
    trailers.clear();
    error = {};
    kept = false;
    at_origin = {};
    run(talk(*this, asked, answer, ending));
  }

  static Task<void> talk(Visit& visit, Asked asked, std::string answer, Ending ending) {
    StartedTask<void> origin(answer_as_origin(visit, std::move(answer), ending));
    co_await visit_origin(visit, std::move(asked));
    visit.origin().close({ErrorKind::cancelled, "the test is over"});
    co_await origin.join();
  }

  // Waits for the request's head, answers, and goes on listening.
  static Task<void> answer_as_origin(Visit& visit, std::string answer, Ending ending) {
    Stream& stream = visit.origin();
    co_await test::receive(stream, 1, visit.at_origin);
    if (ending == Ending::ends) {
      co_await test::send_and_finish(stream, std::move(answer));
    } else {
      co_await test::send(stream, std::move(answer));
    }
    if (ending == Ending::vanishes) visit.server_socket->try_finish();
    co_await test::receive_all(stream, visit.at_origin);
  }

  static Task<void> visit_origin(Visit& visit, Asked asked) {
    http1::Http1Upstream upstream(std::move(visit.connection), {.limits = {}, .idle = visit.idle},
                                  [&visit](OriginConnectionPtr back) {
                                    visit.kept = true;
                                    visit.connection = std::move(back);
                                  });
    co_await send_request(upstream, std::move(asked));
    co_await read_response(visit, upstream);
    visit.failed_for_age = upstream.again() == Again::if_idempotent;
  }

  static Task<void> send_request(http1::Http1Upstream& upstream, Asked asked) {
    RequestHead head{.method = asked.method, .scheme = "https", .authority = "a.test", .path = "/p", .fields = {}};
    const BodyShape shape = asked.in_parts       ? BodyShape::streamed()
                            : asked.body.empty() ? BodyShape::none()
                                                 : BodyShape::sized(asked.body.size());
    Result<void> sent = co_await upstream.send_head(head, shape, asked.upgrade);
    CHECK_OK(sent);
    sent = co_await upstream.send_body(bytes_of(asked.body));
    CHECK_OK(sent);
    Fields fields;
    if (asked.in_parts) fields.add("X-Sum", "1");
    sent = co_await upstream.finish(fields);
    CHECK_OK(sent);
  }

  static Task<void> read_response(Visit& visit, http1::Http1Upstream& upstream) {
    for (bool final = false; !final;) {
      const Result<ResponseHead*> head = co_await upstream.read_head();
      if (!head) {
        visit.error = head.error();
        co_return;
      }
      final = (*head)->status >= 200 || (*head)->status == 101;
      const BodyShape shape = upstream.response_shape();
      std::string line = std::to_string((*head)->status);
      if (final && shape.present) line += shape.length ? " length=" + std::to_string(*shape.length) : " streamed";
      visit.heads.push_back(line);
    }
    if (visit.heads.back() == "101") {
      Received received;
      co_await test::receive(upstream.take_over(), 5, received);
      visit.body = received.bytes;
      co_return;
    }
    for (;;) {
      const Result<ByteView> part = co_await upstream.response_body().read();
      if (!part) visit.error = part.error();
      if (!part || part->empty()) break;
      visit.body += text_of(*part);
    }
    for (const Field& field : upstream.response_body().trailers()) visit.trailers += field.name + "=" + field.value;
  }
};

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\n";
std::string with(std::string_view rest) { return std::string(ok) + std::string(rest); }

}  // namespace

TEST(a_complete_response_leaves_the_connection_for_another_one) {
  struct Row {
    Asked asked;
    std::string answer, head, body, trailers;
  };
  const Row rows[] = {
      {{}, with("Content-Length: 3\r\n\r\nabc"), "200 length=3", "abc", ""},
      {{}, with("Content-Length: 0\r\n\r\n"), "200 length=0", "", ""},
      {{},
       with("Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-T: 1\r\n\r\n"),
       "200 streamed",
       "abc",
       "X-T=1"},
      {{.method = "HEAD"}, with("Content-Length: 3\r\n\r\n"), "200", "", ""},
      {{}, "HTTP/1.1 204 No Content\r\n\r\n", "204", "", ""},
      {{}, "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "304", "", ""},
      {{.method = "POST", .body = "sent"}, with("Content-Length: 3\r\n\r\nabc"), "200 length=3", "abc", ""},
  };
  for (const bool tls : {false, true}) {
    Visit visit;
    visit.connection = tls ? visit.connect_by_tls() : visit.connect_plainly();
    for (const Row& row : rows) {
      // All of them over one connection, while the origin stays.
      visit.run([](Visit& with_visit, const Row& with_row) -> Task<void> {
        StartedTask<void> asking(Visit::visit_origin(with_visit, with_row.asked));
        co_await test::receive(with_visit.origin(), with_visit.at_origin.bytes.size() + 1, with_visit.at_origin);
        co_await test::send(with_visit.origin(), with_row.answer);
        co_await asking.join();
      }(visit, row));
      CHECK_EQUAL(visit.error.reason, "");
      CHECK_EQUAL(visit.heads.back(), row.head);
      CHECK_EQUAL(visit.body, row.body);
      CHECK_EQUAL(visit.trailers, row.trailers);
      CHECK(visit.kept);
      CHECK(visit.connection != nullptr);
      visit.heads.clear();
      visit.body.clear();
      visit.trailers.clear();
      visit.kept = false;
    }
  }
}

TEST(requests_are_written_as_they_should_be) {
  Visit visit;
  visit.connection = visit.connect_plainly();
  visit.ask({.method = "POST", .body = "sent", .in_parts = true}, with("Content-Length: 0\r\n\r\n"), Ending::stays);
  CHECK_EQUAL(visit.at_origin.bytes,
              "POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
              "4\r\nsent\r\n0\r\nX-Sum: 1\r\n\r\n");
}

TEST(interim_responses_come_one_by_one) {
  Visit visit;
  visit.connection = visit.connect_plainly();
  visit.ask(
      {},
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + with("Content-Length: 2\r\n\r\nab"),
      Ending::stays);
  CHECK_EQUAL(visit.error.reason, "");
  CHECK((visit.heads == std::vector<std::string>{"100", "103", "200 length=2"}));
  CHECK_EQUAL(visit.body, "ab");
  CHECK(visit.kept);
}

TEST(what_may_not_serve_again_is_not_kept) {
  struct Row {
    std::string answer;
    Ending ending;
    std::string body;
  };
  const Row rows[] = {
      {with("Connection: close\r\nContent-Length: 2\r\n\r\nab"), Ending::stays, "ab"},
      {with("\r\nab"), Ending::ends, "ab"},                                    // until the end
      {with("Content-Length: 2\r\n\r\nabHTTP/1.1 200"), Ending::stays, "ab"},  // surplus bytes
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", Ending::stays, "ab"},
  };
  for (const bool tls : {false, true}) {
    for (const Row& row : rows) {
      Visit visit;
      visit.connection = tls ? visit.connect_by_tls() : visit.connect_plainly();
      visit.ask({}, row.answer, row.ending);
      CHECK_EQUAL(visit.error.reason, "");
      CHECK_EQUAL(visit.body, row.body);
      CHECK(!visit.kept);
    }
  }
}

TEST(a_response_cut_off_is_an_error) {
  struct Row {
    std::string answer;
    Ending ending;
    bool tls;
    ErrorKind kind;
  };
  const Row rows[] = {
      {with("Content-Length: 5\r\n\r\nab"), Ending::ends, false, ErrorKind::reset},
      {with("Content-Length: 5\r\n\r\nab"), Ending::ends, true, ErrorKind::reset},
      {with("Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"), Ending::ends, false, ErrorKind::reset},
      {with("Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"), Ending::ends, true, ErrorKind::reset},
      // Only close_notify tells the end of such a body from an attacker's FIN.
      {with("\r\nab"), Ending::vanishes, true, ErrorKind::reset},
  };
  for (const Row& row : rows) {
    Visit visit;
    visit.connection = row.tls ? visit.connect_by_tls() : visit.connect_plainly();
    visit.ask({}, row.answer, row.ending);
    CHECK_EQUAL(visit.error.kind, row.kind);
    CHECK(!visit.error.reason.empty());
    CHECK_EQUAL(visit.body, "ab");
    CHECK(!visit.kept);
  }
}

TEST(no_response_and_broken_ones_are_told_apart) {
  struct Row {
    std::string answer;
    Ending ending;
    ErrorKind kind;
  };
  const Row rows[] = {
      {"", Ending::ends, ErrorKind::end_of_stream},
      {"HTTP/1.1 2", Ending::ends, ErrorKind::reset},
      {"HTTP/1.1 100 Continue\r\n\r\n", Ending::ends, ErrorKind::reset},
      {"SSH-2.0-x\r\n\r\n", Ending::stays, ErrorKind::malformed},
      {with("Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), Ending::stays, ErrorKind::malformed},
      {with("Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), Ending::stays, ErrorKind::malformed},
      {with("Content-Le"), Ending::stays, ErrorKind::timed_out},
  };
  for (const Row& row : rows) {
    Visit visit;
    if (row.kind == ErrorKind::timed_out) visit.idle = milliseconds(60);
    visit.connection = visit.connect_plainly();
    visit.ask({}, row.answer, row.ending);
    if (visit.error.kind != row.kind) CHECK_EQUAL(visit.error.reason, row.answer);
    CHECK(!visit.kept);
    CHECK(!visit.failed_for_age);
  }
}

TEST(a_connection_that_served_before_may_fail_for_its_age) {
  for (const std::string answer : {"", "HTTP/1.1 2"}) {
    Visit visit;
    visit.connection = visit.connect_plainly();
    visit.connection->mark_idled();
    visit.ask({}, answer, Ending::ends);
    CHECK(!visit.error.reason.empty());
    CHECK_EQUAL(visit.failed_for_age, answer.empty());
  }
}

TEST(after_a_101_the_connection_is_another_protocols) {
  Visit visit;
  visit.connection = visit.connect_plainly();
  visit.ask({.upgrade = "websocket"},
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst",
            Ending::stays);
  CHECK_EQUAL(visit.error.reason, "");
  CHECK_EQUAL(visit.body, "first");
  CHECK(!visit.kept);
  CHECK(visit.at_origin.bytes.contains("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
}

UNIT_MAIN(UNIT_TEST(a_complete_response_leaves_the_connection_for_another_one),
          UNIT_TEST(requests_are_written_as_they_should_be), UNIT_TEST(interim_responses_come_one_by_one),
          UNIT_TEST(what_may_not_serve_again_is_not_kept), UNIT_TEST(a_response_cut_off_is_an_error),
          UNIT_TEST(no_response_and_broken_ones_are_told_apart),
          UNIT_TEST(a_connection_that_served_before_may_fail_for_its_age),
          UNIT_TEST(after_a_101_the_connection_is_another_protocols))
