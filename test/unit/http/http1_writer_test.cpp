#include "sallyport/http/http1_writer.hpp"

#include "sallyport/http/hop_by_hop.hpp"
#include "sallyport/http/http1_parser.hpp"

#include "check.hpp"
#include "http1_run.hpp"

using namespace sallyport;
using namespace sallyport::http;
using namespace sallyport::http::http1;
using namespace std::string_literals;

namespace {

RequestHead get(std::string path = "/") {
  RequestHead head{.method = "GET", .scheme = "https", .authority = "a.example", .path = std::move(path), .fields = {}};
  head.fields.add("X", "y");
  return head;
}

std::string request(const RequestHead& head, const Framing& framing = {}, const RequestOptions& options = {}) {
  std::string out;
  write_request_head(out, head, framing, options);
  return out;
}

std::string response(const ResponseHead& head, const Framing& framing, int minor = 1, bool keep_alive = true,
                     std::string_view upgrade = {}, std::string_view reason = {}) {
  std::string out;
  write_response_head(out, head, framing, minor, keep_alive, upgrade, reason);
  return out;
}

std::string chunk(std::string_view data) {
  std::string out;
  write_chunk_start(out, data.size());
  out += data;
  write_chunk_end(out);
  return out;
}

}  // namespace

TEST(writes_request_heads) {
  CHECK_EQUAL(request(get("/a?b")), "GET /a?b HTTP/1.1\r\nHost: a.example\r\nX: y\r\n\r\n");
  CHECK_EQUAL(request(get(), {BodyKind::length, 0}, {.keep_alive = false}),
              "GET / HTTP/1.1\r\nHost: a.example\r\nX: y\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  CHECK_EQUAL(request(get(), {BodyKind::chunked, 0}),
              "GET / HTTP/1.1\r\nHost: a.example\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK_EQUAL(request(get(), {}, {.upgrade = "websocket"}),
              "GET / HTTP/1.1\r\nHost: a.example\r\nX: y\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK_EQUAL(request(get("/x"), {}, {.form = TargetForm::absolute}),
              "GET https://a.example/x HTTP/1.1\r\nHost: a.example\r\nX: y\r\n\r\n");
  RequestHead options = get("*");
  options.method = "OPTIONS";
  CHECK(request(options).starts_with("OPTIONS * HTTP/1.1\r\n"));
  CHECK(request(options, {}, {.form = TargetForm::absolute}).starts_with("OPTIONS https://a.example HTTP/1.1\r\n"));
  const RequestHead connect{.method = "CONNECT", .scheme = "", .authority = "a.example:443", .path = "", .fields = {}};
  CHECK_EQUAL(request(connect), "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n");
  RequestHead grpc = get();
  grpc.fields.set("TE", "trailers");
  CHECK(request(grpc).contains("TE: trailers\r\nConnection: TE\r\n"));
}

TEST(writes_response_heads) {
  ResponseHead head{.status = 200, .fields = {}};
  head.fields.add("X", "y");
  CHECK_EQUAL(response(head, {BodyKind::length, 5}), "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\n");
  CHECK_EQUAL(response(head, {BodyKind::chunked, 0}, 1, false),
              "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  CHECK_EQUAL(response(head, {BodyKind::until_close, 0}), "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n");
  CHECK_EQUAL(response(head, {BodyKind::length, 5}, 0),
              "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n");
  head.status = 599;
  CHECK_EQUAL(response(head, {BodyKind::length, 0}, 1, true, {}, "Odd\r\nX: z"),
              "HTTP/1.1 599 Odd  X: z\r\nX: y\r\nContent-Length: 0\r\n\r\n");
  CHECK(response(head, {BodyKind::length, 0}).starts_with("HTTP/1.1 599 \r\n"));
  const ResponseHead switching{.status = 101, .fields = {}};
  CHECK_EQUAL(response(switching, {}, 1, true, "websocket"),
              "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  const ResponseHead hints{.status = 103, .fields = {}};
  CHECK_EQUAL(response(hints, {}, 1, false), "HTTP/1.1 103 Early Hints\r\n\r\n");
}

TEST(keeps_a_length_that_only_describes) {
  ResponseHead head{.status = 304, .fields = {}};
  head.fields.add("Content-Length", "5");
  CHECK_EQUAL(response(head, {}), "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  head.status = 200;
  CHECK(!response(head, {BodyKind::length, 6}).contains("Content-Length: 5"));
  CHECK(!response(head, {BodyKind::chunked, 0}).contains("Content-Length"));
}

TEST(one_head_goes_out_whatever_the_fields_hold) {
  RequestHead head = get("/a b\r\nX: y\t\x7f");
  head.fields.clear();
  head.fields.add("X", "a\r\nContent-Length: 5\r\n\r\nGET /evil HTTP/1.1\n\0"s);
  head.fields.add("Y\r\nZ", "name that is no token");
  head.fields.add("", "empty name");
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "Connection", "upgrade"})
    head.fields.add(name, "x");
  CHECK_EQUAL(request(head),
              "GET /a%20b%0D%0AX:%20y%09%7F HTTP/1.1\r\nHost: a.example\r\n"
              "X: a  Content-Length: 5    GET /evil HTTP/1.1  \r\n\r\n");
}

TEST(frames_bodies_for_each_client) {
  const Framing length{BodyKind::length, 5}, chunked{BodyKind::chunked, 0}, close{BodyKind::until_close, 0}, none;
  for (const int minor : {0, 1}) {
    CHECK(framing_towards(length, minor) == length);
    CHECK(framing_towards(none, minor) == none);
  }
  CHECK(framing_towards(chunked, 1) == chunked);
  CHECK(framing_towards(close, 1) == chunked);
  CHECK(framing_towards(chunked, 0) == close);
  CHECK(framing_towards(close, 0) == close);
}

TEST(parser_reads_back_what_was_written) {
  Fields trailers;
  trailers.add("X-Sum", "1");
  trailers.add("Content-Length", "7");
  std::string out = request(get("/a?b"), {BodyKind::chunked, 0}) + chunk("hello") + chunk(std::string(70000, 'x'));
  write_last_chunk(out, trailers);
  RequestParser requests;
  const test::Outcome sent = test::run(requests, out);
  CHECK(sent.complete);
  CHECK_EQUAL(sent.consumed, out.size());
  CHECK_EQUAL(sent.head, "GET  a.example /a?b 1.1 kind=2 length=0 keep-alive\nX: y\n");
  CHECK_EQUAL(sent.body, "hello" + std::string(70000, 'x'));
  CHECK_EQUAL(sent.trailers, "X-Sum: 1\n");

  ResponseHead head{.status = 404, .fields = {}};
  head.fields.add("X", "y");
  ResponseParser responses;
  const test::Outcome answered = test::run(responses, response(head, {BodyKind::length, 5}) + "hello");
  CHECK(answered.complete);
  CHECK_EQUAL(answered.head, "404 Not Found 1.1 kind=1 length=5 keep-alive\nX: y\n");
}

TEST(relayed_requests_are_framed_by_us) {
  const std::string in =
      "POST http://A.example/x HTTP/1.1\r\nHost: b.example\r\nConnection: content-length, cookie, X-Hop\r\nX-Hop: 1\r\n"
      "Content-Length: 5\r\nContent-Length: 5\r\nCookie: a=b\r\nProxy-Authorization: Basic x\r\n\r\nhello";
  RequestParser parser;
  CHECK(test::run(parser, in).complete);
  remove_hop_by_hop_from_request(parser.head().fields);
  CHECK_EQUAL(request(parser.head(), parser.extras().framing),
              "POST /x HTTP/1.1\r\nHost: a.example\r\nCookie: a=b\r\nContent-Length: 5\r\n\r\n");
}

UNIT_MAIN(UNIT_TEST(writes_request_heads), UNIT_TEST(writes_response_heads),
          UNIT_TEST(keeps_a_length_that_only_describes), UNIT_TEST(one_head_goes_out_whatever_the_fields_hold),
          UNIT_TEST(frames_bodies_for_each_client), UNIT_TEST(parser_reads_back_what_was_written),
          UNIT_TEST(relayed_requests_are_framed_by_us))
