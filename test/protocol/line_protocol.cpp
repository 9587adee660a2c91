// A whole protocol in one file: text lines, entered by the ALPN "lines/1". What the client says reaches the origin with
// a number in front, so that a test can see that somebody read it; what the origin says passes as it is. A line of
// more than 1,000 bytes ends the conversation.
#include <array>
#include <string>

#include "sallyport/gateway/protocol.hpp"

namespace sallyport::gateway {
namespace {

class LineProtocol final : public Protocol {
 public:
  [[nodiscard]] std::vector<std::string> alpn() const override { return {"lines/1"}; }

  io::Task<void> serve(Conversation& conversation) const override {
    const Result<io::Stream*> origin = co_await conversation.origin();
    if (!origin) {
      conversation.record().error = origin.error().reason;
      co_return;
    }
    const io::TimePoint deadline = (*origin)->loop().now() + conversation.settings().upstream.idle_timeout;
    (*origin)->set_deadline(deadline);
    conversation.client().set_deadline(deadline);
    io::StartedTask<void> answering(carry_answers(**origin, conversation.client(), conversation.record()));
    co_await carry_lines(conversation.client(), **origin, conversation.record());
    co_await answering.join();
  }

 private:
  static constexpr std::size_t longest_line = 1'000;

  static io::Task<void> carry_lines(io::Stream& client, io::Stream& origin, record::ExchangeRecord& record) {
    std::string line;
    std::array<std::uint8_t, 512> piece{};
    unsigned number = 0;
    for (;;) {
      const Result<std::size_t> got = co_await client.read(piece);
      if (!got || *got == 0) break;
      record.bytes_in += *got;
      line.append(text_of(ByteView(piece).first(*got)));
      for (std::size_t end = line.find('\n'); end != std::string::npos; end = line.find('\n')) {
        const std::string numbered = std::to_string(++number) + " " + line.substr(0, end + 1);
        line.erase(0, end + 1);
        const Result<void> sent = co_await origin.write(bytes_of(numbered));
        if (!sent) co_return;
      }
      if (line.size() > longest_line) {
        record.error = "a line of more than 1000 bytes";
        client.close({ErrorKind::malformed, record.error});
        break;
      }
    }
    record.extra.emplace_back("lines", std::to_string(number));
    const Result<void> finished = co_await origin.finish();
    if (!finished) origin.close(finished.error());
  }

  static io::Task<void> carry_answers(io::Stream& origin, io::Stream& client, record::ExchangeRecord& record) {
    std::array<std::uint8_t, 512> piece{};
    for (;;) {
      const Result<std::size_t> got = co_await origin.read(piece);
      if (!got || *got == 0) break;
      record.bytes_out += *got;
      const Result<void> sent = co_await client.write(ByteView(piece).first(*got));
      if (!sent) co_return;
    }
    const Result<void> finished = co_await client.finish();
    if (!finished) client.close(finished.error());
  }
};

const LineProtocol line_protocol;
const bool registered = register_protocol(line_protocol);

}  // namespace
}  // namespace sallyport::gateway
