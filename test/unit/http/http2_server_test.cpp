#include "sallyport/http/http2_server.hpp"

#include "http2_frames.hpp"
#include "server_talk.hpp"

using namespace sallyport;
using namespace sallyport::test;
using std::chrono::seconds;

namespace {

// What a client says by hand, and what it hears.
struct Http2Talk : LoopFixture {
  Http2Talk() { std::tie(client, server_side) = stream_pair(); }

  io::Task<void> serve() {
    http::http2::Server server(*server_side, buffers, options, handler);
    handler.drain = [&server] { server.drain(); };
    if (drained_before) server.drain();
    fault = co_await server.serve();
    server_side->close({ErrorKind::end_of_stream, "served"});
  }

  // Says all this behind the preface, listens until `last` has been heard or the server ends, and leaves.
  std::string say(std::string frames, std::string_view last = "never", std::string first = preface()) {
    run(say_and_listen(*this, std::move(first) + std::move(frames), last));
    return heard();
  }

  [[nodiscard]] std::string heard() const { return joined(FrameReader().read(received.bytes)); }

  io::Task<void> listen_for(std::string_view last) {
    for (bool more = true; more && !heard().contains(last);) {
      const std::size_t before = received.bytes.size();
      co_await receive(*client, before + 1, received);
      more = received.bytes.size() > before;
    }
  }
  static io::Task<void> say_and_listen(Http2Talk& talk, std::string bytes, std::string_view last) {
    io::StartedTask<void> serving(talk.serve());
    io::StartedTask<void> saying(say_all(talk, std::move(bytes)));
    co_await talk.listen_for(last);
    talk.client->close({ErrorKind::cancelled, "heard enough"});
    co_await saying.join();
    co_await serving.join();
  }
  // A server that ends takes no more.
  static io::Task<void> say_all(Http2Talk& talk, std::string bytes) {
    [[maybe_unused]] const Result<void> sent = co_await talk.client->write(bytes_of(bytes));
  }

  http::http2::ServerOptions options{
      .limits = {}, .streams = 100, .header = seconds(20), .idle = seconds(20), .body = seconds(20)};
  io::BufferPool buffers;
  NamedHandler handler;
  bool drained_before = false;
  std::unique_ptr<io::FdStream> client, server_side;
  Received received;
  std::optional<Error> fault;
};

std::string say(const std::string& frames, std::string_view last) {
  Http2Talk talk;
  std::string heard = talk.say(frames, last);
  CHECK(!talk.fault);
  return heard;
}

std::string preface_without_window() {
  return std::string(NGHTTP2_CLIENT_MAGIC) + frame(NGHTTP2_SETTINGS, 0, 0, big_endian(4, 2) + big_endian(0, 4)) +
         frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "");
}

io::Task<void> open_a_window_later(Http2Talk& talk) {
  io::StartedTask<void> serving(talk.serve());
  co_await send(*talk.client, preface_without_window() + h2_get(1, "/room"));
  co_await talk.listen_for("200");
  co_await send(*talk.client, frame(NGHTTP2_WINDOW_UPDATE, 0, 1, big_endian(5, 4)));
  co_await talk.listen_for("\"\".");
  talk.client->close({ErrorKind::cancelled, "heard enough"});
  co_await serving.join();
}

io::Task<void> reset_lingering_requests(Http2Talk& talk, std::size_t& seen_at_most) {
  talk.handler.loop = talk.loop.get();
  io::StartedTask<void> serving(talk.serve());
  co_await send(*talk.client, preface());
  for (std::uint32_t stream = 1; stream <= 11; stream += 2) {
    co_await send(*talk.client, headers(stream, request_lines("POST", "/linger"), false));
    for (int turn = 0; turn < 10; ++turn) co_await io::next_turn(*talk.loop);
    co_await send(*talk.client, reset(stream, 8));
  }
  co_await send(*talk.client, h2_get(13, "/a"));
  for (int turn = 0; turn < 10; ++turn) co_await io::next_turn(*talk.loop);
  seen_at_most = talk.handler.seen.size();
  talk.handler.linger = false;
  co_await talk.listen_for("/a:");
  talk.client->close({ErrorKind::cancelled, "heard enough"});
  co_await serving.join();
}

// While another stream is open, without which nothing would be kept for the next one.
io::Task<void> trailers_then_none(Http2Talk& talk) {
  io::StartedTask<void> serving(talk.serve());
  const Lines post = request_lines("POST", "/echo");
  const Lines trailers{{"x-sum", "3"}};
  const std::string first = preface() + headers(1, request_lines("POST", "/wait"), false) + headers(3, post, false) +
                            data(3, "one", false) + headers(3, trailers);
  co_await send(*talk.client, first);
  co_await talk.listen_for("x-sum");
  co_await send(*talk.client, headers(5, post, false) + data(5, "two"));
  co_await talk.listen_for("two");
  talk.client->close({ErrorKind::cancelled, "heard enough"});
  co_await serving.join();
}

Lines extended_connect(std::string_view path) {
  Lines lines = request_lines("CONNECT", path);
  lines.insert(lines.begin(), {":protocol", "echo"});
  return lines;
}

}  // namespace

TEST(answers_requests_on_streams_of_their_own) {
  Http2Talk talk;
  CHECK_EQUAL(talk.say(h2_get(1, "/a") + h2_get(3, "/early") + h2_get(5, "/b"), "/b:"),
              "1 200 | 1 \"/a:\". | 3 103 | 3 200 | 3 \"/early:\". | 5 200 | 5 \"/b:\".");
  CHECK_EQUAL(joined(talk.handler.seen), "GET /a | GET /early | GET /b");
  CHECK_EQUAL(joined(talk.handler.protocols), "h2 | h2 | h2");
  CHECK(!talk.fault);
}

TEST(reads_bodies_and_trailers) {
  CHECK_EQUAL(say(headers(1, request_lines("POST", "/echo"), false) + data(1, "one,", false) + data(1, "two"), "two"),
              "1 200 | 1 \"/echo:one,two\".");
  CHECK_EQUAL(say(headers(1, request_lines("POST", "/echo"), false) + data(1, "one", false) +
                      headers(1, {{"x-sum", "3"}, {"authorization", "x"}}),
                  "x-sum"),
              "1 200 | 1 \"/echo:one[x-sum]\".");
  const std::string large(50'000, 'x');
  std::string frames = headers(1, request_lines("POST", "/ignore"), false);
  for (int part = 0; part < 3; ++part) frames += data(1, std::string_view(large).substr(0, 16'384), false);
  CHECK_EQUAL(say(frames, "NO_ERROR"), "1 200 | 1 \"ignored\". | 1 RST NO_ERROR");
}

// Objects of streams are used again.
TEST(nothing_of_a_stream_is_left_for_the_next_one) {
  Http2Talk talk;
  talk.run(trailers_then_none(talk));
  CHECK_EQUAL(talk.heard(), "3 200 | 3 \"/echo:one[x-sum]\". | 5 200 | 5 \"/echo:two\".");
}

TEST(tells_a_client_to_go_on) {
  CHECK_EQUAL(
      say(headers(1, request_lines("POST", "/continue", {{"expect", "100-continue"}}), false) + data(1, "x"), "x\""),
      "1 100 | 1 200 | 1 \"/continue:x\".");
}

TEST(sends_bodies_in_parts_with_trailers) {
  CHECK_EQUAL(say(h2_get(1, "/stream"), "trailers"),
              "1 200 | 1 \"one,\" | 1 16384 bytes | 1 3616 bytes | 1 \",two\" | 1 trailers x-sum=3.");
}

TEST(a_response_cut_off_is_reset) {
  CHECK_EQUAL(say(h2_get(1, "/cut") + h2_get(3, "/a"), "/a"),
              "1 200 | 1 \"cut\" | 1 RST INTERNAL_ERROR | 3 200 | 3 \"/a:\".");
}

TEST(a_body_that_is_not_what_was_announced_has_no_clean_end) {
  const Lines sized = request_lines("POST", "/wait", {{"content-length", "5"}});
  for (const std::string& body : {data(1, "four"), data(1, "sixsix"), data(1, "", true)}) {
    Http2Talk talk;
    CHECK_EQUAL(talk.say(headers(1, sized, false) + body + h2_get(3, "/a"), "/a"),
                "1 RST PROTOCOL_ERROR | 3 200 | 3 \"/a:\".");
  }
}

// G07
TEST(a_malformed_request_never_reaches_the_handler) {
  const auto refused = [](const std::string& request) {
    Http2Talk talk;
    std::string heard = talk.say(request + h2_get(3, "/a"), "/a:");
    CHECK_EQUAL(joined(talk.handler.seen), "GET /a");
    return heard.substr(0, heard.find(" | 3 "));
  };
  CHECK_EQUAL(refused(h2_get(1, "/a#b")), "1 400 | 1 \"a fragment in :path\" | 1 RST PROTOCOL_ERROR");
  CHECK_EQUAL(refused(h2_get(1, "/a", {{"host", "b.test"}})),
              "1 400 | 1 \":authority and host name different hosts\" | 1 RST PROTOCOL_ERROR");
  // What nghttp2 passes over, we do not.
  CHECK_EQUAL(refused(h2_get(1, "/a", {{"x y", "z"}})),
              "1 400 | 1 \"a field name is not a token in lower case\" | 1 RST PROTOCOL_ERROR");
  CHECK_EQUAL(refused(h2_get(1, "/a", {{"x", "y\r\nz: 1"}})),
              "1 400 | 1 \"a control character in a field value\" | 1 RST PROTOCOL_ERROR");
  // What nghttp2 refuses by itself.
  for (const Lines& more : {Lines{{"X", "y"}}, Lines{{"transfer-encoding", "chunked"}}, Lines{{":path", "/"}}}) {
    CHECK_EQUAL(refused(h2_get(1, "/a", more)), "1 RST PROTOCOL_ERROR");
  }
}

// G03
TEST(a_head_beyond_its_bounds_is_answered) {
  Http2Talk talk;
  talk.options.limits.header_bytes = 4096;
  CHECK_EQUAL(talk.say(h2_get(1, "/a", {{"x", std::string(5000, 'x')}}) + h2_get(3, "/b"), "/b"),
              "1 431 | 1 \"the head is larger than is accepted\". | 3 200 | 3 \"/b:\".");
}

TEST(a_stream_that_the_client_resets_is_cancelled_alone) {
  Http2Talk talk;
  CHECK_EQUAL(
      talk.say(headers(1, request_lines("POST", "/wait"), false) + h2_get(3, "/a") + reset(1, 8) + h2_get(5, "/b"),
               "/b"),
      "3 200 | 3 \"/a:\". | 5 200 | 5 \"/b:\".");
  CHECK_EQUAL(talk.handler.stopped_with.reason, "the peer reset the stream: CANCEL (0x8)");
}

TEST(an_extended_connect_becomes_a_flow_both_ways) {
  Http2Talk talk;
  CHECK_EQUAL(talk.say(headers(1, extended_connect("/switch"), false) + data(1, "ping", false) + data(1, ""), "]"),
              "1 200 | 1 \"[ping]\" | 1 \"\".");
}

TEST(drains) {
  Http2Talk talk;
  talk.options.idle = std::chrono::milliseconds(50);  // nobody answers the PING here
  CHECK_EQUAL(talk.say(h2_get(1, "/slow")), "0 GOAWAY NO_ERROR | 1 200 | 1 \"/slow:\". | 0 GOAWAY NO_ERROR");
  CHECK(!talk.fault);
}

// G02
TEST(rapid_reset_ends_the_connection_and_starts_next_to_nothing) {
  Http2Talk talk;
  std::string frames;
  for (std::uint32_t stream = 1; stream < 6'000; stream += 2) {
    frames += headers(stream, request_lines("POST", "/wait"), false) + reset(stream, 8);
  }
  CHECK(talk.say(frames).ends_with("0 GOAWAY ENHANCE_YOUR_CALM"));
  CHECK(talk.fault && talk.fault->kind == ErrorKind::exhausted);
  CHECK_EQUAL(talk.fault->reason, "the peer floods: too many resets of streams");
  CHECK(talk.handler.seen.size() < 100);
}

// G02: the client makes us do the resetting.
TEST(made_you_reset_ends_the_connection) {
  Http2Talk talk;
  talk.options.streams = 10'000;
  std::string frames;
  for (std::uint32_t stream = 1; stream < 6'000; stream += 2) {
    frames += headers(stream, request_lines("POST", "/wait"), false) +
              frame(NGHTTP2_WINDOW_UPDATE, 0, stream, big_endian(0x7fffffff, 4));
  }
  CHECK(talk.say(frames).ends_with("0 GOAWAY ENHANCE_YOUR_CALM"));
  CHECK(talk.fault && talk.fault->kind == ErrorKind::exhausted);
  CHECK_EQUAL(talk.fault->reason, "the peer floods: too many streams that had to be reset");
}

// G03
TEST(requests_that_are_only_ever_too_large_are_an_attack) {
  Http2Talk talk;
  talk.options.streams = 10'000;
  talk.options.limits.header_bytes = 200;
  std::string frames;
  for (std::uint32_t stream = 1; stream < 6'000; stream += 2) frames += h2_get(stream, "/" + std::string(100, 'a'));
  CHECK(talk.say(frames).ends_with("0 GOAWAY ENHANCE_YOUR_CALM"));
  CHECK_EQUAL(talk.fault->reason, "the peer floods: too many requests with too large a header");
  CHECK(talk.handler.seen.empty());
}

// G03
TEST(a_head_that_does_not_come_in_time_ends_the_connection) {
  Http2Talk talk;
  talk.options.header = std::chrono::milliseconds(50);
  CHECK(talk.say(frame(NGHTTP2_HEADERS, 0, 1, block_of(request_lines("GET", "/a")))).contains("GOAWAY"));
  CHECK(talk.fault && talk.fault->kind == ErrorKind::timed_out);
  CHECK(talk.handler.seen.empty());
}

// G03: what becomes of another stream meanwhile changes nothing.
TEST(a_head_is_waited_for_no_longer_because_another_stream_ends) {
  Http2Talk talk;
  talk.options.header = std::chrono::milliseconds(50);
  talk.options.idle = talk.options.body = std::chrono::seconds(1);
  std::string frames;  // more than begin at once, so that the last one ends before it began
  for (std::uint32_t stream = 1; stream <= 39; stream += 2)
    frames += headers(stream, request_lines("POST", "/wait"), false);
  (void)talk.say(frames + reset(39, 8) + frame(NGHTTP2_HEADERS, 0, 41, block_of(request_lines("GET", "/a"))));
  CHECK(talk.fault && talk.fault->kind == ErrorKind::timed_out);
}

// G02
TEST(exchanges_that_need_a_moment_to_end_do_not_pile_up) {
  Http2Talk talk;
  talk.options.streams = 2;
  std::size_t seen_at_most = 0;
  talk.run(reset_lingering_requests(talk, seen_at_most));
  CHECK_EQUAL(seen_at_most, 4U);
  CHECK_EQUAL(talk.heard(), "13 200 | 13 \"/a:\".");
  CHECK_EQUAL(talk.handler.seen.size(), 5U);
}

// G03, G05
TEST(floods_end_the_connection_and_are_named) {
  const auto fault_of = [](const std::string& first, const std::string& again) {
    Http2Talk talk;
    std::string frames = first;
    for (int count = 0; count < 3'000; ++count) frames += again;
    CHECK_EQUAL(talk.say(frames), "0 GOAWAY ENHANCE_YOUR_CALM");
    CHECK(talk.fault && talk.fault->kind == ErrorKind::exhausted);
    return talk.fault->reason.substr(talk.fault->reason.find("many ") + 5);
  };
  const std::string post = headers(1, request_lines("POST", "/wait"), false);
  const std::string endless = frame(NGHTTP2_HEADERS, 0, 1, block_of(request_lines("GET", "/a")));
  CHECK_EQUAL(fault_of("", frame(NGHTTP2_PING, 0, 0, "12345678")), "PING frames");
  CHECK_EQUAL(fault_of("", frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678")), "PING frames");
  CHECK_EQUAL(fault_of("", frame(NGHTTP2_SETTINGS, 0, 0, "")), "SETTINGS frames");
  CHECK_EQUAL(fault_of("", frame(NGHTTP2_GOAWAY, 0, 0, std::string(8, '\0'))), "GOAWAY frames");
  CHECK_EQUAL(fault_of("", frame(NGHTTP2_PRIORITY, 0, 1, std::string(4, '\0') + "x")), "PRIORITY frames");
  CHECK_EQUAL(fault_of("", frame(NGHTTP2_WINDOW_UPDATE, 0, 0, big_endian(1, 4))), "WINDOW_UPDATE frames");
  CHECK_EQUAL(fault_of("", frame(0xbe, 0, 0, "")), "frames of unknown types");
  CHECK_EQUAL(fault_of(post, data(1, "", false)), "empty DATA frames");
  CHECK_EQUAL(fault_of(post + reset(1, 8), data(1, "", false)), "empty DATA frames");
  CHECK_EQUAL(fault_of(post + reset(1, 8), headers(1, {}, false)), "header blocks behind a stream's first");
  CHECK_EQUAL(fault_of(endless, frame(NGHTTP2_CONTINUATION, 0, 1, block_of({{"x", "y"}}))),
              "CONTINUATION frames in a header block");
  CHECK_EQUAL(fault_of(endless, frame(NGHTTP2_CONTINUATION, 0, 1, "")), "CONTINUATION frames in a header block");
}

TEST(what_is_no_http2_is_told_so) {
  Http2Talk talk;
  CHECK(talk.say("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "never", "").empty());
  CHECK(talk.fault && talk.fault->kind == ErrorKind::malformed);
}

TEST(streams_beyond_the_bound_are_refused) {
  std::string frames;
  for (const std::uint32_t stream : {1U, 3U, 5U}) frames += headers(stream, request_lines("POST", "/wait"), false);
  // Who has not read the bound yet, loses the stream; who has acknowledged it, the connection.
  Http2Talk early;
  early.options.streams = 2;
  CHECK_EQUAL(early.say(frames, "RST", preface_before_settings()), "5 RST REFUSED_STREAM");
  Http2Talk late;
  late.options.streams = 2;
  CHECK_EQUAL(late.say(frames), "0 GOAWAY PROTOCOL_ERROR");
}

TEST(an_exchange_may_be_the_last_one) {
  Http2Talk talk;
  talk.options.idle = std::chrono::milliseconds(50);  // nobody answers the PING here
  CHECK_EQUAL(talk.say(h2_get(1, "/last")), "0 GOAWAY NO_ERROR | 1 200 | 1 \"/last:\". | 0 GOAWAY NO_ERROR");
}

TEST(the_end_of_a_body_needs_no_window_of_its_own) {
  const std::string heard = say(h2_get(1, "/large"), "bytes.");
  CHECK(heard.ends_with(" bytes."));
}

// G06
TEST(a_client_without_a_window_gives_no_room) {
  Http2Talk talk;
  talk.run(open_a_window_later(talk));
  CHECK_EQUAL(talk.heard(), "1 200 | 1 \"room\" | 1 \"\".");
  CHECK_EQUAL(talk.handler.had_room.size(), 2U);
  CHECK(!talk.handler.had_room[0] && talk.handler.had_room[1]);
}

// G06
TEST(a_client_that_opens_no_window_is_given_up) {
  Http2Talk talk;
  talk.options.body = std::chrono::milliseconds(50);
  talk.options.idle = std::chrono::milliseconds(50);
  (void)talk.say(h2_get(1, "/room"), "never", preface_without_window());
  CHECK(talk.handler.stopped_with.kind == ErrorKind::timed_out);
}

UNIT_MAIN(UNIT_TEST(answers_requests_on_streams_of_their_own), UNIT_TEST(reads_bodies_and_trailers),
          UNIT_TEST(nothing_of_a_stream_is_left_for_the_next_one), UNIT_TEST(tells_a_client_to_go_on),
          UNIT_TEST(sends_bodies_in_parts_with_trailers), UNIT_TEST(a_response_cut_off_is_reset),
          UNIT_TEST(a_body_that_is_not_what_was_announced_has_no_clean_end),
          UNIT_TEST(a_malformed_request_never_reaches_the_handler), UNIT_TEST(a_head_beyond_its_bounds_is_answered),
          UNIT_TEST(a_stream_that_the_client_resets_is_cancelled_alone),
          UNIT_TEST(an_extended_connect_becomes_a_flow_both_ways), UNIT_TEST(drains),
          UNIT_TEST(rapid_reset_ends_the_connection_and_starts_next_to_nothing),
          UNIT_TEST(made_you_reset_ends_the_connection), UNIT_TEST(requests_that_are_only_ever_too_large_are_an_attack),
          UNIT_TEST(a_head_that_does_not_come_in_time_ends_the_connection),
          UNIT_TEST(a_head_is_waited_for_no_longer_because_another_stream_ends),
          UNIT_TEST(exchanges_that_need_a_moment_to_end_do_not_pile_up),
          UNIT_TEST(floods_end_the_connection_and_are_named), UNIT_TEST(what_is_no_http2_is_told_so),
          UNIT_TEST(streams_beyond_the_bound_are_refused), UNIT_TEST(an_exchange_may_be_the_last_one),
          UNIT_TEST(the_end_of_a_body_needs_no_window_of_its_own), UNIT_TEST(a_client_without_a_window_gives_no_room),
          UNIT_TEST(a_client_that_opens_no_window_is_given_up))
