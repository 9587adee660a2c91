// Forwarder: carries the exchanges of one intercepted connection to their origin: judged, stamped, relayed, recorded.
//
// HTTP/1.1 hands it one exchange after another. Owned by the connection's coroutine, which outlives every handle();
// one worker's thread.
#pragma once

#include <functional>
#include <memory>

#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/http/exchange.hpp"
#include "sallyport/http/upstream_exchange.hpp"
#include "sallyport/record/exchange_record.hpp"

#include "session.hpp"
#include "upstreams.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

class Forwarder final : public http::ExchangeHandler {
 public:
  // `first_upstream`, `first_times`: see Upstreams.
  Forwarder(WorkerContext& worker, Lifetime& lifetime, const Session& session, Upstreams::First first_upstream,
            std::shared_ptr<const http::OpeningTimes> first_times);

  io::Task<void> handle(http::Exchange& exchange) override;
  http::Page refuse_unreadable(const http::http1::ParseError& error) override;
  // What is written down of each exchange is also copied to `copy`, which outlives this object.
  void copy_record_to(record::ExchangeRecord& copy) { copy_ = &copy; }

 private:
  struct Running;
  class UpgradedConversation;

  void judge(Running& running);
  bool judge_host(Running& running);
  void begin_keeping(Running& running) const;
  static void keep_fields(record::KeptMessage& kept, const http::Fields& fields);
  void show_begin(const Running& running) const;
  void show_upstream(const http::OriginFacts& origin);
  io::Task<void> answer(Running& running);
  io::Task<void> relay(Running& running);
  io::Task<Result<std::unique_ptr<http::UpstreamExchange>>> open_upstream(Running& running);
  io::Task<Result<void>> relay_once(Running& running, http::UpstreamExchange& upstream);
  io::Task<Result<void>> relay_both_ways(Running& running, http::UpstreamExchange& upstream);
  static io::Task<void> pump_request(Running& running, http::UpstreamExchange& upstream);
  static io::Task<void> finish_request(Running& running, http::UpstreamExchange& upstream);
  static void remove_injected(const Running& running, http::Fields& trailers);
  io::Task<Result<void>> send_request(Running& running, http::UpstreamExchange& upstream);
  io::Task<Result<void>> relay_response(Running& running, http::UpstreamExchange& upstream);
  io::Task<Result<http::ResponseHead*>> begin_response(Running& running, http::UpstreamExchange& upstream);
  io::Task<Result<void>> switch_protocols(Running& running, http::UpstreamExchange& upstream,
                                          const http::ResponseHead& head);
  io::Task<void> refuse_switch(Running& running);
  io::Task<void> send_page(Running& running, const http::Page& page);
  io::Task<void> explain_failure(Running& running, const Error& error);
  void prepare_request(Running& running);
  static bool may_go_again(Running& running, const Error& error, http::Again again);
  void note_paths(Running& running, const http::OriginFacts& origin) const;
  void record(Running& running);

  WorkerContext& worker_;
  Lifetime& lifetime_;
  const Session& session_;
  Upstreams upstreams_;
  bool first_exchange_ = true;
  // The target's name has been read as a request's host: whoever says just that means the target.
  bool own_name_is_host_ = false;
  record::ExchangeRecord* copy_ = nullptr;
  Endpoint shown_upstream_;
};

}  // namespace sallyport::gateway
