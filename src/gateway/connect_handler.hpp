// ConnectHandler: the explicit proxy's door: takes CONNECT and serves the layer inside, refuses everything else with a
// reason.
//
// Owned by the connection's coroutine; one worker's thread.
#pragma once

#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/http/authority.hpp"
#include "sallyport/http/exchange.hpp"

#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

class ConnectHandler final : public http::ExchangeHandler {
 public:
  ConnectHandler(WorkerContext& worker, Lifetime& lifetime, const Arrival& arrival)
      : worker_(worker), lifetime_(lifetime), arrival_(arrival) {}

  io::Task<void> handle(http::Exchange& exchange) override;
  http::Page refuse_unreadable(const http::http1::ParseError& error) override;

 private:
  struct Refusal {
    unsigned status;
    std::string reason;
  };
  [[nodiscard]] std::expected<http::Authority, Refusal> judge(const http::Exchange& exchange) const;
  void record(const http::Exchange* exchange, const std::string& request_id, const Refusal& refusal) const;

  WorkerContext& worker_;
  Lifetime& lifetime_;
  const Arrival& arrival_;
};

}  // namespace sallyport::gateway
