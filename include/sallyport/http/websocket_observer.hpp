// WebSocketObserver: what the bytes of one direction of a WebSocket amount to (RFC 6455 §5), seen as they pass.
//
// It is given every byte after the handshake, in pieces of any size, and keeps none of them: it can neither change
// nor delay what it looks at. Bytes that break the framing end the observing, and nothing else. Extensions may use the
// reserved bits (permessage-deflate does, RFC 7692), so payload is counted as it passes and never opened.
//
// One thread; owned by whoever relays the bytes. Between frames it holds no memory of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "sallyport/base/bytes.hpp"
#include "sallyport/io/relay.hpp"

struct wslay_frame_context;
struct wslay_frame_iocb;  // NOLINT(readability-identifier-naming): the library's name

namespace sallyport::http {

// Who sends: a client masks every frame, a server none (RFC 6455 §5.1).
enum class WebSocketSender { client, server };

struct WebSocketCounts {
  std::uint64_t frames = 0;  // that were complete, of any kind
  std::uint64_t text_messages = 0;
  std::uint64_t binary_messages = 0;
  std::uint64_t compressed_messages = 0;  // among those two: sent with the first reserved bit
  std::uint64_t pings = 0;
  std::uint64_t pongs = 0;
  std::uint64_t payload_bytes = 0;    // of messages, as they passed
  std::uint64_t largest_message = 0;  // payload bytes of the largest that was complete
  // 1005 where the Close frame carried none (RFC 6455 §7.4.1); nullopt: no Close frame was seen.
  std::optional<std::uint16_t> close_code;
  // What broke the framing; empty while nothing has. The counts end there.
  std::string_view broken;

  [[nodiscard]] std::uint64_t messages() const { return text_messages + binary_messages; }
  friend bool operator==(const WebSocketCounts&, const WebSocketCounts&) = default;
};

class WebSocketObserver final : public io::RelayTap {
 public:
  explicit WebSocketObserver(WebSocketSender sender) : sender_(sender) {}
  WebSocketObserver(const WebSocketObserver&) = delete;
  WebSocketObserver& operator=(const WebSocketObserver&) = delete;
  ~WebSocketObserver() override = default;

  // The next bytes of the direction. What follows a Close frame is not looked at.
  void passed(ByteView bytes) override;
  [[nodiscard]] const WebSocketCounts& counts() const { return counts_; }

 private:
  struct FreeParser {
    void operator()(wslay_frame_context* parser) const noexcept;
  };
  // The whole message, of which the frames are parts.
  struct Message {
    std::uint8_t opcode = 0;
    bool compressed = false;
    std::uint64_t bytes = 0;
  };

  [[nodiscard]] bool over() const { return counts_.close_code.has_value() || !counts_.broken.empty(); }
  bool open_parser();
  void on_part(const wslay_frame_iocb& part);
  bool on_frame_start(const wslay_frame_iocb& part);
  void on_frame_end(const wslay_frame_iocb& part);
  void break_off(std::string_view why);

  static long take_input(std::uint8_t* into, std::size_t room, int flags, void* self);

  WebSocketSender sender_;
  WebSocketCounts counts_;
  std::unique_ptr<wslay_frame_context, FreeParser> parser_;
  ByteView input_;
  std::uint64_t unfinished_ = 0;  // bytes given to the parser since the last complete frame
  std::uint64_t frame_left_ = 0;  // payload bytes still to come of a frame whose start was seen
  bool in_frame_ = false;
  std::optional<Message> message_;  // begun and not ended
  std::array<std::uint8_t, 2> close_payload_{};
  std::size_t close_payload_size_ = 0;
};

}  // namespace sallyport::http
