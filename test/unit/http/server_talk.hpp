// A client's talk with http1::Server over a socket pair; and a handler that does what the request's path names, for
// servers of either version.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/http/http1_server.hpp"
#include "sallyport/io/notification.hpp"

#include "loop_fixture.hpp"
#include "stream_steps.hpp"

namespace sallyport::test {

using std::chrono::milliseconds;

// /echo       reads the body and answers "/echo:" and the body; a broken one is answered with 400
// /continue   the same after a 100, if the client waits for one
// /ignore     answers at once, without looking at the body
// /stop       reads, answers meanwhile, and stops the reading
// /stream     answers in parts, with a trailer
// /early      a 103 before the answer
// /large      answers 65,535 bytes, what an HTTP/2 client takes without another word
// /room       answers once there is room for it
// /last       ends the connection after its answer
// /cut        cuts its answer off
// /slow       drains the server while the exchange runs, then answers
// /wait       reads the body, and gives up with it
// /linger     goes on while `linger` is true, whatever becomes of the client
// /switch     takes the connection over and answers what comes until its end, in brackets
struct NamedHandler final : http::ExchangeHandler {
  io::Task<void> handle(http::Exchange& exchange) override {
    const std::string& path = exchange.request.path;
    seen.push_back(exchange.request.method + " " + path);
    protocols.emplace_back(exchange.protocol);
    if (path == "/switch") {
      co_await switch_protocol(exchange);
    } else if (path == "/wait") {
      co_await read_until_stopped(exchange);
      exchange.response.cut_off();
    } else if (path == "/linger") {
      while (linger) co_await io::next_turn(*loop);
    } else if (path == "/stop") {
      co_await stop(exchange);
    } else if (path == "/stream") {
      co_await stream(exchange);
    } else if (path == "/cut") {
      const http::ResponseHead head{.status = 200, .fields = {}};
      co_await answer_head(exchange, head, http::BodyShape::sized(10));
      co_await part(exchange, "cut");
      const Result<void> flushed = co_await exchange.response.flush();
      CHECK_OK(flushed);
      CHECK(exchange.response.head_sent());
      CHECK_EQUAL(exchange.response.body_bytes(), 3U);
      exchange.response.cut_off();
    } else {
      co_await answer_plainly(exchange);
    }
  }

  http::Page refuse_unreadable(const http::http1::ParseError& error) override {
    return {{.status = error.status, .fields = {}}, error.reason};
  }

  std::vector<std::string> seen;
  std::vector<std::string> protocols;
  std::function<void()> drain;
  bool linger = true;
  io::EventLoop* loop = nullptr;  // for /linger
  Error stopped_with;
  std::vector<bool> had_room;  // of /room: at first, and after it waited

 private:
  // `head` is there until the answer has ended.
  static io::Task<void> answer_head(http::Exchange& exchange, const http::ResponseHead& head, http::BodyShape shape) {
    const Result<void> sent = co_await exchange.response.send_head(head, shape);
    CHECK_OK(sent);
  }
  static io::Task<void> part(http::Exchange& exchange, std::string bytes) {
    const Result<void> sent = co_await exchange.response.send_body(bytes_of(bytes));
    CHECK_OK(sent);
  }
  static io::Task<void> interim(http::Exchange& exchange, unsigned status) {
    http::ResponseHead head{.status = status, .fields = {}};
    const Result<void> sent = co_await exchange.response.send_interim(head);
    CHECK_OK(sent);
  }
  static io::Task<void> answer(http::Exchange& exchange, unsigned status, std::string body) {
    const http::ResponseHead head{.status = status, .fields = {}};
    co_await answer_head(exchange, head, http::BodyShape::sized(body.size()));
    co_await part(exchange, body);
    const Result<void> finished = co_await exchange.response.finish({});
    CHECK_OK(finished);
  }

  static io::Task<Result<std::string>> whole_body(http::Exchange& exchange) {
    std::string body;
    for (;;) {
      const Result<ByteView> more = co_await exchange.request_body.read();
      if (!more) co_return std::unexpected(more.error());
      if (more->empty()) break;
      body += text_of(*more);
    }
    for (const http::Field& field : exchange.request_body.trailers()) body += "[" + field.name + "]";
    co_return body;
  }

  io::Task<void> answer_plainly(http::Exchange& exchange) {
    const std::string path = exchange.request.path;
    if (path == "/continue" && exchange.expects_continue) co_await interim(exchange, 100);
    if (path == "/early") co_await interim(exchange, 103);
    if (path == "/last") exchange.response.end_connection_after();
    if (path == "/slow") drain();
    if (path == "/ignore") {
      co_await answer(exchange, 200, "ignored");
      co_return;
    }
    if (path == "/large") {
      co_await answer(exchange, 200, std::string(65'535, 'x'));
      co_return;
    }
    if (path == "/room") {
      co_await answer_into_room(exchange);
      co_return;
    }
    const Result<std::string> body = co_await whole_body(exchange);
    const unsigned status = body ? 200 : 400;
    const std::string text = body ? path + ":" + *body : body.error().reason;
    co_await answer(exchange, status, text);
  }

  io::Task<void> answer_into_room(http::Exchange& exchange) {
    const http::ResponseHead head{.status = 200, .fields = {}};
    co_await answer_head(exchange, head, http::BodyShape::streamed());
    had_room.push_back(exchange.response.room() > 0);
    const Result<void> room = co_await exchange.response.wait_for_room();
    had_room.push_back(exchange.response.room() > 0);
    if (!room) {
      stopped_with = room.error();
      co_return;
    }
    co_await part(exchange, "room");
    const Result<void> finished = co_await exchange.response.finish({});
    CHECK_OK(finished);
  }

  io::Task<void> read_until_stopped(http::Exchange& exchange) {
    const Result<std::string> body = co_await whole_body(exchange);
    CHECK(!body);
    stopped_with = body.error();
  }
  io::Task<void> stop(http::Exchange& exchange) {
    io::StartedTask<void> reading(read_until_stopped(exchange));
    co_await answer(exchange, 200, "stopped");
    exchange.request_body.stop();
    co_await reading.join();
  }

  static io::Task<void> stream(http::Exchange& exchange) {
    const http::ResponseHead head{.status = 200, .fields = {}};
    co_await answer_head(exchange, head, http::BodyShape::streamed());
    co_await part(exchange, "one,");
    co_await part(exchange, std::string(20'000, '-'));
    co_await part(exchange, ",two");
    http::Fields trailers;
    trailers.add("X-Sum", "3");
    const Result<void> finished = co_await exchange.response.finish(trailers);
    CHECK_OK(finished);
  }

  static io::Task<void> switch_protocol(http::Exchange& exchange) {
    http::ResponseHead head{.status = 101, .fields = {}};
    const Result<io::Stream*> taken = co_await exchange.response.take_over(head, "echo");
    CHECK_OK(taken);
    Received received;
    co_await receive_all(**taken, received);
    co_await send_and_finish(**taken, "[" + received.bytes + "]");
  }
};

// One client and the server it talks with.
struct Talk : LoopFixture {
  Talk() { std::tie(client, server_side) = stream_pair(); }

  http::http1::ServerOptions options{.limits = {},
                                     .header = std::chrono::seconds(20),
                                     .idle = std::chrono::seconds(20),
                                     .body = std::chrono::seconds(20)};
  io::BufferPool buffers;
  NamedHandler handler;
  std::unique_ptr<io::FdStream> client, server_side;
  Received heard;  // what the client heard

  io::Task<void> serve() {
    http::http1::Server server(*server_side, buffers, options, handler);
    handler.drain = [&server] { server.drain(); };
    co_await server.serve();
    // As the owner of a connection does.
    server_side->close({ErrorKind::end_of_stream, "served"});
  }

  // The client says all this at once, ends, and listens to the end.
  void say(const std::string& requests) { run(say_and_listen(*this, requests, true)); }
  // The same, but the client's direction stays open.
  void say_and_wait(const std::string& requests) { run(say_and_listen(*this, requests, false)); }

  static io::Task<void> say_and_listen(Talk& talk, std::string requests, bool finish) {
    io::StartedTask<void> serving(talk.serve());
    io::StartedTask<void> saying(finish ? send_and_finish(*talk.client, std::move(requests))
                                        : send(*talk.client, std::move(requests)));
    co_await receive_all(*talk.client, talk.heard);
    co_await saying.join();
    co_await serving.join();
  }
};

inline std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a.test\r\n" + std::string(fields) + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body, std::string_view fields = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a.test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

// Each response as one line: status, "close" if the connection ends, body (a long one by its length), trailers; and
// "cut" or "broken" for what is no complete response.
inline std::vector<std::string> responses_in(std::string_view heard) {
  std::vector<std::string> lines;
  http::http1::ResponseParser parser;
  ByteView left = bytes_of(heard);
  while (!left.empty()) {
    parser.reset("GET");
    std::string line, body;
    for (bool more = true; more;) {
      auto step = parser.step(left);
      if (step && step->event == http::http1::Event::need_more) {
        left = left.subspan(step->consumed);
        step = parser.at_end_of_input();
        if (!step) return lines.push_back(line + body + " cut"), lines;
      }
      if (!step) return lines.push_back(line + body + " broken"), lines;
      left = left.subspan(step->consumed);
      body += text_of(step->body);
      if (step->event == http::http1::Event::head) {
        const bool close = parser.head().status >= 200 && !parser.extras().keep_alive;
        line = std::to_string(parser.head().status) + (close ? " close " : " ");
      }
      more = step->event != http::http1::Event::end;
    }
    if (body.size() > 1'000) body = std::to_string(body.size()) + " bytes";
    line += body;
    for (const http::Field& field : parser.trailers()) line += " " + field.name + "=" + field.value;
    lines.push_back(line);
    if (line.starts_with("101 ")) return lines.emplace_back(text_of(left)), lines;
  }
  return lines;
}

inline std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += (all.empty() ? "" : " | ") + line;
  return all;
}

#define CHECK_HEARD(talk, expected) CHECK_EQUAL(::sallyport::test::joined(responses_in((talk).heard.bytes)), expected)

}  // namespace sallyport::test
