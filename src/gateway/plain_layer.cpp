#include "plain_layer.hpp"

#include <algorithm>

#include "sallyport/http/authority.hpp"

#include "forward.hpp"
#include "http_conversation.hpp"
#include "layer.hpp"
#include "passthrough.hpp"
#include "plain_origins.hpp"
#include "protocols.hpp"

namespace sallyport::gateway {
namespace {

io::Task<void> serve_http(WorkerContext& worker, Lifetime& lifetime, io::Stream& client,
                          http::ExchangeHandler& handler) {
  HttpConversation conversation(worker, lifetime, client, {}, handler);
  co_await http1_protocol().serve(conversation);
}

// Finds out, for each host that is asked for, whether it lives at the address the client was going to.
class TransparentHttpHandler final : public http::ExchangeHandler {
 public:
  TransparentHttpHandler(WorkerContext& worker, Lifetime& lifetime, const Arrival& arrival)
      : worker_(worker), lifetime_(lifetime), arrival_(arrival), origins_(worker, lifetime) {}

  io::Task<void> handle(http::Exchange& exchange) override {
    const std::string host = exchange.request.authority;
    // What a rule vouched for, it does no longer once it is gone.
    const std::string key = host + "|" + std::to_string(worker_.generation.configuration->policy->generation());
    PlainOrigins::OriginPtr origin = origins_.find(key);
    if (!origin) {
      Session session = co_await session_for(host);
      origin = origins_.add(key, std::move(session));
    }
    co_await origin->forwarder.handle(exchange);
  }

  http::Page refuse_unreadable(const http::http1::ParseError& error) override {
    if (!unreadable_) {
      Session session = session_of_address();
      unreadable_ = origins_.add({}, std::move(session));
    }
    return unreadable_->forwarder.refuse_unreadable(error);
  }

 private:
  [[nodiscard]] Session session_of_address() const {
    Session session;
    session.plain = true;
    session.judged_as_address = true;
    session.arrival = arrival_;
    session.target = Target::of(arrival_);
    return session;
  }

  io::Task<Session> session_for(std::string host) {
    Session session = session_of_address();
    const Result<http::Authority> authority = http::Authority::parse(host);
    if (!authority || authority->address) co_return session;
    const bool vouched_for = co_await lives_there(authority->host);
    if (!vouched_for) co_return session;
    session.target.name = authority->host;
    session.target.is_address = false;
    session.judged_as_address = false;
    co_return session;
  }

  io::Task<bool> lives_there(std::string name) {
    const policy::Verdict verdict = worker_.generation.configuration->policy->judge(name, arrival_.client.address);
    if (verdict.rewrite != nullptr) co_return true;
    const std::shared_ptr<io::Resolver> resolver = worker_.resolver;
    const io::TimePoint deadline = worker_.loop.now() + worker_.settings().upstream.connect_timeout;
    const Result<std::vector<IpAddress>> addresses =
        co_await resolver->resolve(std::move(name), deadline, lifetime_.cancellation());
    co_return addresses&& std::ranges::find(*addresses, arrival_.local.address) != addresses->end();
  }

  WorkerContext& worker_;
  Lifetime& lifetime_;
  const Arrival& arrival_;
  PlainOrigins origins_;
  PlainOrigins::OriginPtr unreadable_;
};

}  // namespace

io::Task<void> serve_plain_tunnel(WorkerContext& worker, Lifetime& lifetime, io::Stream& tunnel, Arrival arrival) {
  Session session;
  session.plain = true;
  session.arrival = std::move(arrival);
  session.target = Target::of(session.arrival);
  Forwarder forwarder(worker, lifetime, session, nullptr, nullptr);
  co_await serve_http(worker, lifetime, tunnel, forwarder);
}

io::Task<void> serve_transparent_http(WorkerContext& worker, Lifetime& lifetime, io::Stream& client, Arrival arrival) {
  if (is_left_alone(worker, arrival.client.address)) {
    Layer layer(worker, lifetime, client, std::move(arrival));
    co_await layer.run();
    co_return;
  }
  TransparentHttpHandler handler(worker, lifetime, arrival);
  co_await serve_http(worker, lifetime, client, handler);
}

}  // namespace sallyport::gateway
