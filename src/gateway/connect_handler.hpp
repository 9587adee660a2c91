// ConnectHandler: the explicit proxy's door: takes CONNECT, refuses everything else with a reason.
//
// Owned by the connection's coroutine; one worker's thread.
#pragma once

#include <optional>

#include "sallyport/http/authority.hpp"
#include "sallyport/http/exchange.hpp"

#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

class ConnectHandler final : public http::ExchangeHandler {
 public:
  ConnectHandler(WorkerContext& worker, const Arrival& arrival) : worker_(worker), arrival_(arrival) {}

  io::Task<void> handle(http::Exchange& exchange) override;
  http::Page refuse_unreadable(const http::http1::ParseError& error) override;

  // What a CONNECT was answered 200 for; nullopt: none was.
  [[nodiscard]] const std::optional<http::Authority>& authority() const { return authority_; }

 private:
  struct Refusal {
    unsigned status;
    std::string reason;
  };
  [[nodiscard]] std::expected<http::Authority, Refusal> judge(const http::Exchange& exchange) const;
  void record(const http::Exchange* exchange, const std::string& request_id, const Refusal& refusal) const;

  WorkerContext& worker_;
  const Arrival& arrival_;
  std::optional<http::Authority> authority_;
};

}  // namespace sallyport::gateway
