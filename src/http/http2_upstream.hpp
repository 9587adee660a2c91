// Upstream: one exchange over a shared HTTP/2 connection to an origin: a stream of its own.
//
// Made by SharedConnection, which outlives it; owned by the coroutine that forwards; one worker's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/http/http2_shared_connection.hpp"
#include "sallyport/http/upstream_exchange.hpp"

#include "http2_connection.hpp"
#include "http2_fields.hpp"
#include "http2_received_body.hpp"

namespace sallyport::http::http2 {

// What the exchanges of one connection share.
struct UpstreamContext {
  Connection& connection;
  OriginFacts& facts;
  const SharedOptions& options;
  ResponseBlock head{options.limits};
  TrailerBlock trailers{options.limits};
};

class Upstream final : public UpstreamExchange, private FlowOwner {
 public:
  // `reused`: the connection served an exchange before.
  Upstream(UpstreamContext& context, bool reused);
  ~Upstream() override;

  io::Task<Result<void>> send_head(const RequestHead& head, BodyShape body, std::string_view upgrade) override;
  [[nodiscard]] bool has_room() override;
  io::Task<Result<void>> wait_for_room() override;
  io::Task<Result<void>> send_body(ByteView part) override;
  // Frames leave with the others of the loop's turn.
  io::Task<Result<void>> flush() override { co_return Result<void>(); }
  io::Task<Result<void>> finish(const Fields& trailers) override;
  void expect(std::size_t room) override;
  io::Task<Result<ResponseHead*>> read_head() override;
  [[nodiscard]] BodyShape response_shape() const override { return current_.shape; }
  [[nodiscard]] BodySource& response_body() override;
  [[nodiscard]] io::Stream& take_over() override;
  void close(Error why) override;
  [[nodiscard]] Again again() const override;
  [[nodiscard]] OriginFacts& facts() override { return context_.facts; }

 private:
  struct Received {
    ResponseHead head;
    BodyShape shape;
  };

  void begin_block() override;
  void add_field(std::string_view name, std::string_view value) override;
  void refuse_field(std::string_view name, std::string_view value) override;
  void end_block(bool end_stream) override;

  Result<void> begin(const RequestHead& head, BodyShape body, std::string_view upgrade);
  void wait_for_origin();
  [[nodiscard]] std::unexpected<Error> failure();

  UpstreamContext& context_;
  std::size_t room_ = unbounded_room;  // for the response, until there is a flow
  std::vector<Received> heads_;        // come, and not yet asked for; rarely more than one
  Received current_;
  std::string method_;           // that the response answers
  std::uint64_t body_left_ = 0;  // of a request's body of known length
  bool ends_by_length_ = false;
  bool reused_;
  bool switching_ = false;        // an extended CONNECT
  bool begun_ = false;            // a block of the response has begun
  bool final_head_came_ = false;  // what follows are trailers
  std::optional<Error> fault_;    // in what the origin sent, or why there is no stream
  ReceivedTrailers trailers_;
  std::optional<ReceivedBody> body_;
  std::unique_ptr<Flow> flow_;  // destroyed first
};

}  // namespace sallyport::http::http2
