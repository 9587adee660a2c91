// ProxyHandler: answers what is asked of the explicit proxy itself: CONNECT, http:// requests, its own pages.
//
// Over HTTP/2 many exchanges at once. Lives in the frame of the ProxyLayer whose requests it answers; one worker's
// thread.
#pragma once

#include <string>

#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/http/authority.hpp"
#include "sallyport/http/exchange.hpp"

#include "plain_origins.hpp"
#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

class ProxyHandler final : public http::ExchangeHandler {
 public:
  // `arrival`: with the layer that this handler serves as the last of its `via`.
  ProxyHandler(WorkerContext& worker, Lifetime& lifetime, const Arrival& arrival)
      : worker_(worker), lifetime_(lifetime), arrival_(arrival), plain_origins_(worker, lifetime) {}

  io::Task<void> handle(http::Exchange& exchange) override;
  http::Page refuse_unreadable(const http::http1::ParseError& error) override;

 private:
  struct Refusal {
    unsigned status;
    std::string reason;
  };

  io::Task<void> connect(http::Exchange& exchange);
  io::Task<void> open_tunnel(http::Exchange& exchange, Arrival arrival, bool to_itself);
  io::Task<void> forward(http::Exchange& exchange);
  io::Task<void> answer_for_itself(http::Exchange& exchange);
  // The user's name where one is needed, or what to answer instead.
  io::Task<std::expected<std::string, Refusal>> authenticate(http::Exchange& exchange);
  io::Task<void> refuse(http::Exchange& exchange, Refusal refusal);
  void record(const http::Exchange* exchange, const std::string& request_id, unsigned status,
              const std::string& error) const;

  WorkerContext& worker_;
  Lifetime& lifetime_;
  const Arrival& arrival_;
  PlainOrigins plain_origins_;
};

}  // namespace sallyport::gateway
