#include "forward.hpp"

#include <algorithm>
#include <array>

#include "sallyport/base/text.hpp"
#include "sallyport/gateway/protocol.hpp"
#include "sallyport/http/alternative_services.hpp"
#include "sallyport/http/authority.hpp"
#include "sallyport/http/hop_by_hop.hpp"
#include "sallyport/http/protocol_switch.hpp"
#include "sallyport/http/request_id.hpp"
#include "sallyport/pki/certificate_names.hpp"

#include "forward_running.hpp"

namespace sallyport::gateway {
namespace {

constexpr std::string_view via_value = "1.1 sallyport";
// RFC 9110 §15.2 sets no bound; an origin that only ever sends interim responses is not answering.
constexpr int most_interim_responses = 32;
// The same request over another connection, where the one before turned out to be dead or to have refused it.
constexpr int most_attempts = 3;

// RFC 9110 §9.2.2: doing it twice is as good as doing it once.
bool is_idempotent(std::string_view method) {
  static constexpr std::array<std::string_view, 6> methods = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

const http::Fields no_trailers;

// NTLM and Negotiate authenticate the connection, not the request (RFC 4559 §6): whoever used it next would be taken
// for that user.
bool authenticates_connection(const http::Fields& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [&](const http::Field& field) {
    if (!equal_ignoring_case(field.name, name)) return false;
    const std::string_view scheme = std::string_view(field.value).substr(0, field.value.find_first_of(" ,"));
    return equal_ignoring_case(scheme, "NTLM") || equal_ignoring_case(scheme, "Negotiate");
  });
}

http::SwitchForm form_of(std::string_view alpn) {
  return alpn == "h2" ? http::SwitchForm::extended_connect : http::SwitchForm::upgrade;
}

unsigned status_of(const Error& error) {
  if (error.kind == ErrorKind::not_permitted) return 403;
  return error.kind == ErrorKind::timed_out ? 504 : 502;
}

}  // namespace

// What the protocol gets that both sides have switched to.
class Forwarder::UpgradedConversation final : public Conversation {
 public:
  UpgradedConversation(Running& running, io::Stream& client, io::Stream& origin)
      : running_(running), client_(client), origin_(origin) {}

  [[nodiscard]] std::string_view entered_as() const override { return running_.entered; }
  [[nodiscard]] io::Stream& client() override { return client_; }
  io::Task<Result<io::Stream*>> origin() override { co_return &origin_; }
  [[nodiscard]] http::ExchangeHandler& exchanges() override { return running_.forwarder; }
  [[nodiscard]] record::ExchangeRecord& record() override { return *running_.of_protocol; }
  [[nodiscard]] Lifetime& lifetime() override { return running_.forwarder.lifetime_; }
  [[nodiscard]] io::BufferPool& buffers() override { return running_.forwarder.worker_.buffers; }
  [[nodiscard]] const config::Settings& settings() const override { return running_.settings(); }

 private:
  Running& running_;
  io::Stream& client_;
  io::Stream& origin_;
};

Forwarder::Forwarder(WorkerContext& worker, Lifetime& lifetime, const Session& session, Upstreams::First first_upstream,
                     std::shared_ptr<const http::OpeningTimes> first_times)
    : worker_(worker),
      lifetime_(lifetime),
      session_(session),
      upstreams_(worker, lifetime.cancellation(), std::move(first_upstream), std::move(first_times)) {}

io::Task<void> Forwarder::handle(http::Exchange& exchange) {
  Running running(*this, exchange);
  begin_keeping(running);
  judge(running);
  show_begin(running);
  if (!first_exchange_) worker_.loop.note_live();
  if (running.verdict.action == policy::Action::refuse || !running.refusal.empty()) {
    co_await answer(running);
  } else {
    co_await relay(running);
  }
  record(running);
  if (session_.arrival.view != nullptr) session_.arrival.view->exchange_ended();
}

void Forwarder::judge(Running& running) {
  const http::RequestHead& request = running.exchange.request;
  const policy::PolicySnapshot& policy = *running.generation.configuration->policy;
  const Target& target = session_.target;
  running.verdict =
      session_.unproved ? policy.judge_opened(target.name) : policy.judge(target.name, session_.arrival.client.address);
  if (running.verdict.action == policy::Action::refuse) return;
  running.refusal = target.contradiction;
  if (!running.refusal.empty() || request.authority.empty()) return;
  const bool own_name = own_name_is_host_ && request.authority == target.name;
  if (!own_name && !judge_host(running)) return;
  if (!session_.plain && request.scheme == "http") {
    running.refusal = "an http:// request does not belong on a TLS connection";
  }
  if (session_.plain && request.scheme == "https") {
    running.refusal = "an https:// request does not belong on a plaintext connection";
  }
  if (request.method == "CONNECT") running.refusal = "CONNECT is for a proxy, and this is an origin's connection";
}

// False: it is no host.
bool Forwarder::judge_host(Running& running) {
  const std::string& named = running.exchange.request.authority;
  const policy::PolicySnapshot& policy = *running.generation.configuration->policy;
  const Target& target = session_.target;
  const Result<http::Authority> authority = http::Authority::parse(named);
  if (!authority) {
    running.refusal = "the request's host is not one";
    return false;
  }
  // Policy looks at every name a request goes by, and the connection was verified for one of them alone.
  const bool same_name = authority->host == target.name;
  own_name_is_host_ = own_name_is_host_ || (same_name && named == target.name);
  const bool proven_name = target.is_address && session_.origin_certificate &&
                           pki::certificate_names(session_.origin_certificate.get(), authority->host);
  if (!same_name) {
    const policy::Verdict of_host = policy.judge(authority->host, session_.arrival.client.address);
    if (of_host.action == policy::Action::refuse) {
      running.verdict = of_host;
    } else if (!proven_name && !session_.judged_as_address) {
      running.refusal = "the request's host " + authority->host + " is not the connection's, " + target.name;
    }
  }
  return true;
}

// The verdict said no, or the request contradicts itself: nobody is dialled.
io::Task<void> Forwarder::answer(Running& running) {
  running.error = running.refusal;
  const http::Page page =
      running.refusal.empty()
          ? http::block_page(running.host(), running.verdict.rule.name(), running.request_id, running.page_format)
          : http::error_page(403, running.host(), running.refusal, running.request_id, running.page_format);
  co_await send_page(running, page);
}

io::Task<void> Forwarder::relay(Running& running) {
  if (authenticates_connection(running.exchange.request.fields, "Authorization")) {
    // The steps of a login follow one another on one connection, which streams side by side cannot promise.
    if (running.exchange.response.require_http1()) {
      running.error = "the request authenticates its connection (NTLM, Negotiate), which takes HTTP/1.1";
      co_return;
    }
    upstreams_.bind_to_client();
  }
  prepare_request(running);
  if (running.protocol_switch.impossible()) {
    co_await refuse_switch(running);
    co_return;
  }
  Result<void> relayed = fail(ErrorKind::system, "not tried");
  for (int attempt = 1; attempt <= most_attempts; ++attempt) {
    Result<std::unique_ptr<http::UpstreamExchange>> upstream = co_await open_upstream(running);
    if (!upstream) {
      relayed = std::unexpected(upstream.error());
      break;
    }
    http::UpstreamExchange& origin = **upstream;
    relayed = co_await relay_once(running, origin);
    if (relayed || !may_go_again(running, relayed.error(), origin.again())) {
      running.unprocessed = !relayed && origin.again() == http::Again::yes && !running.can_go_again();
      break;
    }
  }
  if (!relayed) co_await explain_failure(running, relayed.error());
}

// After a failure that left nothing of a response: what for, is noted for the next attempt.
bool Forwarder::may_go_again(Running& running, const Error& error, http::Again again) {
  if (running.exchange.response.head_sent() || !running.can_go_again() || running.cancellation.cancelled())
    return false;
  running.wish.over_http1 = running.wish.over_http1 || again == http::Again::over_http1;
  if (again == http::Again::yes || again == http::Again::over_http1) return true;
  const bool ended_by_origin = error.kind == ErrorKind::reset || error.kind == ErrorKind::end_of_stream;
  running.wish.fresh = true;
  return again == http::Again::if_idempotent && ended_by_origin && !running.exchange.request_shape.present &&
         is_idempotent(running.exchange.request.method) && !std::exchange(running.retried, true);
}

void Forwarder::prepare_request(Running& running) {
  http::RequestHead& request = running.exchange.request;
  // A request with a body would still be flowing when the protocol changes.
  if (!running.exchange.request_shape.present) {
    running.protocol_switch = http::ProtocolSwitch(form_of(running.exchange.protocol), running.exchange.upgrade,
                                                   running.settings().http.upgrades);
  }
  http::remove_hop_by_hop_from_request(request.fields);
  if (request.authority.empty()) request.authority = session_.target.name;
  request.scheme = session_.plain ? "http" : "https";
  request.fields.set(request_id_field, running.request_id);
  if (running.verdict.rewrite != nullptr) {
    for (const policy::HeaderField& field : running.verdict.rewrite->headers) {
      request.fields.set(field.name, field.value);
    }
  }
  if (running.settings().http.via) request.fields.add("Via", std::string(via_value));
}

io::Task<Result<std::unique_ptr<http::UpstreamExchange>>> Forwarder::open_upstream(Running& running) {
  Route route = route_of(running.generation, session_.target, session_.arrival, running.verdict);
  if (session_.plain) route.speak_plainly();
  running.wish.switching = running.protocol_switch.wanted();
  const std::shared_ptr<const http::OpeningTimes> opening = route.opening;
  running.clock.enter(record::Phase::queue);
  Result<std::unique_ptr<http::UpstreamExchange>> upstream =
      co_await upstreams_.open(std::move(route), running.wish, running.cancellation);
  running.clock.waited_for(upstream ? (*upstream)->facts().opening.get() : opening.get());
  if (upstream) {
    const http::OriginFacts& facts = (*upstream)->facts();
    running.dialled = facts.dialled;
    running.from_gateway = facts.source.is_unspecified();
    running.tls_upstream = facts.tls;
    running.alpn_upstream = facts.alpn;
    show_upstream(facts);
  }
  co_return upstream;
}

io::Task<Result<void>> Forwarder::relay_once(Running& running, http::UpstreamExchange& upstream) {
  const io::ClosedOnCancel<http::UpstreamExchange> closed_on_cancel(running.cancellation, upstream);
  const Result<void> sent = co_await send_request(running, upstream);
  if (!sent) co_return sent;
  if (running.exchange.request_shape.present) co_return co_await relay_both_ways(running, upstream);
  co_return co_await relay_response(running, upstream);
}

// Of one with a body, the head alone.
io::Task<Result<void>> Forwarder::send_request(Running& running, http::UpstreamExchange& upstream) {
  http::Exchange& exchange = running.exchange;
  const Result<std::string> offer =
      running.protocol_switch.prepare_request(form_of(upstream.facts().alpn), exchange.request.fields);
  if (!offer) {
    running.client_error = offer.error();
    co_return std::unexpected(offer.error());
  }
  running.clock.enter(record::Phase::send);
  running.request_sent = false;
  upstream.expect(exchange.response.room());
  Result<void> sent = co_await upstream.send_head(exchange.request, exchange.request_shape, *offer);
  if (!sent || exchange.request_shape.present) co_return sent;
  sent = co_await upstream.finish(no_trailers);
  running.request_sent = sent.has_value();
  co_return sent;
}

// The response may begin, and end, while the request still flows.
io::Task<Result<void>> Forwarder::relay_both_ways(Running& running, http::UpstreamExchange& upstream) {
  http::Exchange& exchange = running.exchange;
  io::StartedTask<void> pumping(pump_request(running, upstream));
  Result<void> relayed = co_await relay_response(running, upstream);
  // An origin may answer early and still want the rest. One that failed gets no more, and a client that waited to be
  // told to go on has nothing more to send.
  const bool never_told = exchange.expects_continue && running.request_bytes == 0;
  if (!pumping.done() && (!relayed || never_told)) {
    if (!running.can_go_again()) exchange.request_body.stop();
    upstream.close({ErrorKind::cancelled, "the exchange is over"});
  }
  co_await pumping.join();
  if (!relayed && running.client_error) co_return std::unexpected(*running.client_error);
  co_return relayed;
}

// Up to the head that is no interim one, which is given to the client unless it switches protocols.
io::Task<Result<http::ResponseHead*>> Forwarder::begin_response(Running& running, http::UpstreamExchange& upstream) {
  for (int interim = 0; interim <= most_interim_responses; ++interim) {
    running.clock.enter(running.request_sent ? record::Phase::wait : record::Phase::send);
    const Result<http::ResponseHead*> read = co_await upstream.read_head();
    running.clock.enter(record::Phase::gateway);
    if (!read) co_return std::unexpected(read.error());
    http::ResponseHead& head = **read;
    const bool may_log_in = running.exchange.protocol != "h2";
    if (may_log_in && authenticates_connection(head.fields, "WWW-Authenticate")) upstreams_.bind_to_client();
    if (running.settings().quic.action != config::QuicAction::allow) http::remove_http3_offers(head.fields);
    if (head.status == 101) co_return *read;
    const Result<void> declined = running.protocol_switch.decline(head.status);
    if (!declined) co_return std::unexpected(declined.error());
    http::remove_hop_by_hop_from_response(head.fields);
    if (running.settings().http.via) head.fields.add("Via", std::string(via_value));
    if (head.status < 200) {
      const Result<void> sent = co_await running.exchange.response.send_interim(head);
      if (!sent) co_return std::unexpected(sent.error());
      continue;
    }
    running.status = head.status;
    note_paths(running, upstream.facts());
    if (running.request_sent) running.kept_body.give_up();
    if (running.kept) keep_fields(running.kept->response, head.fields);
    running.clock.enter(record::Phase::transfer);
    const Result<void> sent = co_await running.exchange.response.send_head(head, upstream.response_shape());
    if (!sent) co_return std::unexpected(sent.error());
    co_return *read;
  }
  co_return fail(ErrorKind::malformed, "the origin sends interim responses without end");
}

io::Task<Result<void>> Forwarder::relay_response(Running& running, http::UpstreamExchange& upstream) {
  const Result<http::ResponseHead*> head = co_await begin_response(running, upstream);
  if (!head) co_return std::unexpected(head.error());
  if ((*head)->status == 101) co_return co_await switch_protocols(running, upstream, **head);
  http::ResponseSink& response = running.exchange.response;
  http::BodySource& body = upstream.response_body();
  for (;;) {
    const bool buffered = body.has_buffered();
    const bool full = response.room() == 0;
    if (!buffered || full) {
      const Result<void> flushed = co_await response.flush();
      if (!flushed) co_return flushed;
    }
    if (full) {
      // Nobody knows for how long: what has been sent is let go of.
      running.exchange.request.fields.release();
      (*head)->fields.release();
      upstream.expect(0);
    }
    if (full && !buffered) {
      const Result<void> room = co_await response.wait_for_room();
      if (!room) co_return room;
    }
    upstream.expect(response.room());
    const Result<ByteView> part = co_await body.read();
    if (!part) co_return std::unexpected(part.error());
    if (part->empty()) break;
    if (running.most_kept > 0) running.kept->response.add_body(*part, running.most_kept);
    const Result<void> sent = co_await response.send_body(*part);
    if (!sent) co_return sent;
  }
  co_return co_await response.finish(body.trailers());
}

io::Task<Result<void>> Forwarder::switch_protocols(Running& running, http::UpstreamExchange& upstream,
                                                   const http::ResponseHead& head) {
  http::ResponseHead switching = head;
  Result<std::string> entered = running.protocol_switch.accept(switching.fields);
  if (!entered) co_return std::unexpected(entered.error());
  running.entered = std::move(*entered);
  running.status = head.status;
  http::remove_hop_by_hop_from_response(switching.fields);
  if (running.kept) keep_fields(running.kept->response, switching.fields);
  note_paths(running, upstream.facts());
  running.clock.enter(record::Phase::transfer);
  io::Stream& origin = upstream.take_over();
  const Result<io::Stream*> client = co_await running.exchange.response.take_over(switching, running.entered);
  if (!client) co_return std::unexpected(client.error());
  running.of_protocol = std::make_unique<record::ExchangeRecord>();
  UpgradedConversation conversation(running, **client, origin);
  co_await protocol_of_upgrade(running.entered).serve(conversation);
  co_return Result<void>();
}

io::Task<void> Forwarder::explain_failure(Running& running, const Error& error) {
  running.error = error.reason;
  if (!running.client_error) worker_.metrics.count_upstream_error(error);
  http::ResponseSink& response = running.exchange.response;
  if (response.head_sent()) {
    response.cut_off();
    co_return;
  }
  if (running.unprocessed && response.refuse_unprocessed()) co_return;
  const bool clients_fault = running.client_error && running.client_error->kind == ErrorKind::malformed;
  const unsigned status = clients_fault ? 400 : status_of(error);
  const http::Page page =
      http::error_page(status, running.host(), error.reason, running.request_id, running.page_format);
  co_await send_page(running, page);
}

io::Task<void> Forwarder::refuse_switch(Running& running) {
  running.error = "[http] upgrades does not name the protocol of this CONNECT";
  const http::Page page = http::error_page(501, running.host(), running.error, running.request_id, running.page_format);
  co_await send_page(running, page);
}

io::Task<void> Forwarder::send_page(Running& running, const http::Page& page) {
  http::ResponseSink& response = running.exchange.response;
  running.status = page.head.status;
  if (running.kept) keep_fields(running.kept->response, page.head.fields);
  running.clock.enter(record::Phase::transfer);
  Result<void> sent = co_await response.send_head(page.head, http::BodyShape::sized(page.body.size()));
  if (sent && running.exchange.request.method != "HEAD") sent = co_await response.send_body(bytes_of(page.body));
  if (sent) sent = co_await response.finish(no_trailers);
  if (!sent && running.error.empty()) running.error = sent.error().reason;
}

}  // namespace sallyport::gateway
