// Http1Upstream: one exchange over an HTTP/1.1 connection to an origin.
#pragma once

#include <functional>

#include "sallyport/http/upstream_exchange.hpp"

namespace sallyport::http::http1 {

struct UpstreamOptions {
  Limits limits;
  io::Duration idle{};  // for the next bytes, in either direction
};

class Http1Upstream final : public UpstreamExchange {
 public:
  // `keep` gets the connection back when the exchange is over and the connection is good for another one.
  Http1Upstream(OriginConnectionPtr connection, UpstreamOptions options, std::function<void(OriginConnectionPtr)> keep);
  ~Http1Upstream() override;

  io::Task<Result<void>> send_head(const RequestHead& head, BodyShape body, std::string_view upgrade) override;
  io::Task<Result<void>> send_body(ByteView part) override;
  io::Task<Result<void>> flush() override;
  io::Task<Result<void>> finish(const Fields& trailers) override;
  io::Task<Result<ResponseHead*>> read_head() override;
  [[nodiscard]] BodyShape response_shape() const override;
  [[nodiscard]] BodySource& response_body() override;
  [[nodiscard]] io::Stream& take_over() override;
  void close(Error why) override;
  [[nodiscard]] Again again() const override;
  [[nodiscard]] OriginFacts& facts() override;

 private:
  class Body;
  struct State;
  [[nodiscard]] bool reusable() const;

  std::unique_ptr<State> state_;
};

}  // namespace sallyport::http::http1
