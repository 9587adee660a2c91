// WebSocket: bytes both ways, as in the tunnel, and their frames are counted on the way (RFC 6455, RFC 8441).
#include "sallyport/http/websocket_observer.hpp"
#include "sallyport/io/relay.hpp"

#include "../protocols.hpp"

namespace sallyport::gateway {
namespace {

record::WebSocketFlow flow_of(const http::WebSocketCounts& counts) {
  return {.frames = counts.frames,
          .text = counts.text_messages,
          .binary = counts.binary_messages,
          .compressed = counts.compressed_messages,
          .bytes = counts.payload_bytes,
          .largest = counts.largest_message,
          .pings = counts.pings,
          .pongs = counts.pongs,
          .close = counts.close_code.value_or(0),
          .broken = std::string(counts.broken)};
}

class WebSocketProtocol final : public Protocol {
 public:
  [[nodiscard]] std::vector<std::string> upgrades() const override { return {"websocket"}; }

  io::Task<void> serve(Conversation& conversation) const override {
    record::ExchangeRecord& record = conversation.record();
    const Result<io::Stream*> origin = co_await conversation.origin();
    if (!origin) {
      record.error = origin.error().reason;
      co_return;
    }
    http::WebSocketObserver from_client(http::WebSocketSender::client);
    http::WebSocketObserver from_origin(http::WebSocketSender::server);
    const io::RelayTaps taps{&from_client, &from_origin};
    const io::Relayed relayed = co_await io::relay(conversation.client(), **origin, conversation.buffers(),
                                                   conversation.settings().upstream.idle_timeout, taps);
    record.bytes_in = relayed.forth;
    record.bytes_out = relayed.back;
    record.websocket = std::make_shared<record::WebSocketRecord>(
        record::WebSocketRecord{flow_of(from_client.counts()), flow_of(from_origin.counts())});
    // After its Close frames a WebSocket is over, however the connections end.
    const bool closed = from_client.counts().close_code && from_origin.counts().close_code;
    if (relayed.error && relayed.error->kind != ErrorKind::reset && !closed) record.error = relayed.error->reason;
  }
};

}  // namespace

const Protocol& websocket_protocol() {
  static const WebSocketProtocol protocol;
  return protocol;
}

}  // namespace sallyport::gateway
