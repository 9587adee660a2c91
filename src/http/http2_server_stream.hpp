// ServerStream: one stream that a client opened: its request, its exchange, and the response.
//
// Owned by the Server, which starts run() once the request's head is complete and may use the object for another
// stream afterwards. One worker's thread.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "sallyport/http/exchange.hpp"
#include "sallyport/http/http2_server.hpp"
#include "sallyport/io/cancellation.hpp"

#include "http2_fields.hpp"
#include "http2_flow.hpp"
#include "http2_received_body.hpp"

namespace sallyport::http::http2 {

class ServerStream;

// Whom a stream tells what becomes of it. The first two are called from inside nghttp2.
class ServerStreamOwner {
 public:
  virtual void on_head_begun(const ServerStream& stream) = 0;
  virtual void on_head_complete(ServerStream& stream) = 0;
  // The stream ended before its head was complete, or before run() began.
  virtual void on_dropped(ServerStream& stream) = 0;
  // Its request is beyond our bounds, and is answered in place of being reset.
  virtual void on_answered_fault() = 0;
  // run() is about to end.
  virtual void on_done(ServerStream& stream) = 0;

 protected:
  ~ServerStreamOwner() = default;
};

// What the streams of one connection share.
struct ServerContext {
  io::EventLoop& loop;
  ServerOptions options;
  ExchangeHandler& handler;
  ServerStreamOwner& owner;
  RequestBlock head{options.limits};
  TrailerBlock trailers{options.limits};
  OutgoingBlock outgoing{};  // for what is submitted at once
};

class ServerStream final : public FlowOwner {
 public:
  explicit ServerStream(ServerContext& context);
  ServerStream(const ServerStream&) = delete;
  ServerStream& operator=(const ServerStream&) = delete;

  // Begins with a flow, and lets go of it.
  void open(std::unique_ptr<Flow> flow);
  void close();

  // Serves the request. Its head is complete.
  void start();
  // The connection, or this stream, has no use for it any more; start() must not be called.
  [[nodiscard]] bool dropped() const { return dropped_; }

  // --- FlowOwner -------------------------------------------------------------------------------------
  void begin_block() override;
  void add_field(std::string_view name, std::string_view value) override;
  void refuse_field(std::string_view name, std::string_view value) override;
  void end_block(bool end_stream) override;
  void on_cut_off() override;

  // Where the Server keeps it.
  std::list<ServerStream>::iterator position;

 private:
  class Response final : public ResponseSink {
   public:
    explicit Response(ServerStream& stream) : stream_(stream) {}
    io::Task<Result<void>> send_interim(const ResponseHead& head) override;
    io::Task<Result<void>> send_head(const ResponseHead& head, BodyShape body) override;
    [[nodiscard]] std::size_t room() override;
    io::Task<Result<void>> wait_for_room() override;
    io::Task<Result<void>> send_body(ByteView part) override;
    io::Task<Result<void>> flush() override;
    io::Task<Result<void>> finish(const Fields& trailers) override;
    io::Task<Result<io::Stream*>> take_over(const ResponseHead& head, std::string_view protocol) override;
    bool require_http1() override;
    bool refuse_unprocessed() override;
    void cut_off() override;
    void end_connection_after() override;
    [[nodiscard]] bool head_sent() const override { return head_sent_; }
    [[nodiscard]] std::uint64_t body_bytes() const override { return body_bytes_; }
    void reset();

   private:
    Result<void> submit_head(bool end_stream);

    ServerStream& stream_;
    const ResponseHead* head_ = nullptr;  // given, and not yet submitted
    BodyShape shape_;
    std::string held_;  // the end of a body of known length, kept back so that END_STREAM goes with it
    bool head_sent_ = false;
    std::uint64_t body_bytes_ = 0;
  };

  enum class Phase : std::uint8_t { reading_head, complete, running };

  io::Task<void> run();
  io::Task<void> refuse();
  void wait_at_most(io::Duration duration) { flow_->set_deadline(context_.loop.now() + duration); }

  ServerContext& context_;
  std::unique_ptr<Flow> flow_;
  RequestHead head_;
  BodyShape shape_;
  std::vector<std::string> upgrade_;
  bool expects_continue_ = false;
  std::optional<ParseError> fault_;  // of the head
  ReceivedTrailers trailers_;
  Phase phase_ = Phase::reading_head;
  bool dropped_ = false;
  std::optional<ReceivedBody> body_;
  Response response_;
  std::optional<io::Cancellation> cancellation_;
  std::optional<io::StartedTask<void>> task_;
};

}  // namespace sallyport::http::http2
