// Http2Pair: a client's and a server's Connection over a socket pair, and what came of their flows.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/io/notification.hpp"

#include "../../../src/http/http2_connection.hpp"
#include "loop_fixture.hpp"
#include "stream_steps.hpp"

namespace sallyport::test {

namespace http2 = http::http2;

// A flow, with its header blocks as "name: value" lines, one block after another.
struct Talk final : http2::FlowOwner {
  void begin_block() override { blocks.emplace_back(); }
  void add_field(std::string_view name, std::string_view value) override {
    blocks.back() += std::string(name) + ": " + std::string(value) + "\n";
  }
  void refuse_field(std::string_view name, std::string_view value) override {
    blocks.back() += "refused " + std::string(name) + ": " + std::string(value) + "\n";
  }
  void end_block(bool end_stream) override {
    if (end_stream) blocks.back() += "END_STREAM\n";
    ++complete_blocks;
  }
  void on_cut_off() override { cut_off = true; }

  std::unique_ptr<http2::Flow> flow;
  std::vector<std::string> blocks;
  std::size_t complete_blocks = 0;
  bool cut_off = false;
};

inline nghttp2_nv field(std::string_view name, std::string_view value) {
  // nghttp2 takes pointers to what it does not change.
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

inline std::vector<nghttp2_nv> request_head(std::string_view method = "POST", std::string_view path = "/") {
  return {field(":method", method), field(":scheme", "https"), field(":authority", "example.com"),
          field(":path", path)};
}
inline std::vector<nghttp2_nv> response_head(std::string_view status = "200") { return {field(":status", status)}; }

// One side. The server's flows come in `talks`, in order of arrival.
struct Side final : http2::ConnectionOwner {
  explicit Side(io::EventLoop& loop) : changed(loop) {}

  http2::FlowOwner* on_stream(std::unique_ptr<http2::Flow> flow) override {
    if (refuse_streams) return nullptr;
    talks.push_back(std::make_unique<Talk>());
    talks.back()->flow = std::move(flow);
    changed.notify();
    return talks.back().get();
  }
  Result<void> on_frame(const http2::SeenFrame& frame) override {
    ++(frame.sent ? sent : received)[frame.type];
    if (frame.sent && frame.type == NGHTTP2_RST_STREAM) reset_codes.push_back(frame.code);
    if (!frame.sent && received[frame.type] > most_of_a_type) return fail(ErrorKind::exhausted, "too many frames");
    return {};
  }
  void on_change() override { changed.notify(); }

  std::vector<std::unique_ptr<Talk>> talks;
  std::map<std::uint8_t, std::size_t> sent;
  std::map<std::uint8_t, std::size_t> received;
  std::vector<http2::ErrorCode> reset_codes;
  std::size_t most_of_a_type = std::size_t(-1);
  bool refuse_streams = false;
  io::Notification changed;
};

struct Http2Pair : LoopFixture {
  Http2Pair() : server_side(*loop), client_side(*loop) { std::tie(server_socket, client_socket) = stream_pair(); }

  void start() { start_over(*server_socket, *client_socket); }
  void start_over(io::Stream& server_stream, io::Stream& client_stream) {
    server.emplace(server_stream, buffers, options(http2::Role::server), server_side);
    client.emplace(client_stream, buffers, options(http2::Role::client), client_side);
    server->start();
    client->start();
  }
  [[nodiscard]] http2::ConnectionOptions options(http2::Role role) const {
    return {.role = role, .streams = streams, .first = patience, .idle = patience, .stall = patience};
  }

  std::unique_ptr<Talk> open(const std::vector<nghttp2_nv>& head, bool end_stream) {
    auto talk = std::make_unique<Talk>();
    Result<std::unique_ptr<http2::Flow>> opened = client->open(head, end_stream, *talk);
    CHECK_OK(opened);
    talk->flow = std::move(*opened);
    talk->flow->set_deadline(loop->now() + patience);
    return talk;
  }

  // The server's end of the stream opened as number `index`.
  io::Task<Talk*> accepted(std::size_t index) {
    while (server_side.talks.size() <= index) co_await server_side.changed.wait_until();
    Talk* const talk = server_side.talks[index].get();
    talk->flow->set_deadline(loop->now() + patience);
    while (talk->complete_blocks == 0) {
      const Result<void> readable = co_await talk->flow->ready(io::Interest::readable);
      CHECK_OK(readable);
    }
    co_return talk;
  }

  std::uint32_t streams = 100;
  std::unique_ptr<io::FdStream> server_socket;
  std::unique_ptr<io::FdStream> client_socket;
  io::BufferPool buffers;
  Side server_side;
  Side client_side;
  std::optional<http2::Connection> server;
  std::optional<http2::Connection> client;
};

}  // namespace sallyport::test
