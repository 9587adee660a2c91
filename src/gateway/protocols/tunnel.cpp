// The tunnel: bytes both ways, understood by nobody here.
#include "sallyport/io/relay.hpp"

#include "../protocols.hpp"

namespace sallyport::gateway {
namespace {

class TunnelProtocol final : public Protocol {
 public:
  io::Task<void> serve(Conversation& conversation) const override {
    record::ExchangeRecord& record = conversation.record();
    const Result<io::Stream*> origin = co_await conversation.origin();
    if (!origin) {
      record.error = origin.error().reason;
      co_return;
    }
    const io::Relayed relayed = co_await io::relay(conversation.client(), **origin, conversation.buffers(),
                                                   conversation.settings().upstream.idle_timeout);
    record.bytes_in = relayed.forth;
    record.bytes_out = relayed.back;
    if (relayed.error && relayed.error->kind != ErrorKind::reset) record.error = relayed.error->reason;
  }
};

}  // namespace

const Protocol& tunnel_protocol() {
  static const TunnelProtocol protocol;
  return protocol;
}

}  // namespace sallyport::gateway
