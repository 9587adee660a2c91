// The parts of a layer's life in which nothing is understood: relayed as it is, or relayed between two TLS sessions.
#include "layer.hpp"
#include "passthrough.hpp"
#include "protocols.hpp"
#include "silent_client.hpp"

namespace sallyport::gateway {

// The origin's TLS session reaches the client; we see neither. `route_by` says where it leads, `verdict` what is
// logged.
io::Task<void> Layer::relay_unopened(io::Stream& client, const policy::Verdict& route_by,
                                     const policy::Verdict& verdict, Result<http::OriginConnectionPtr> dialled) {
  const Route route = route_of(generation_, session_.target, session_.arrival, route_by);
  session_.arrival.show([](ConnectionFacts& facts) { facts.state = "passed through"; });
  const PassedThrough passed =
      co_await pass_through(worker_, lifetime_, route, client, hello_reader_->raw(), std::move(dialled));
  record::ExchangeRecord record = session_.record(&verdict);
  record.bytes_in = passed.bytes_in;
  record.bytes_out = passed.bytes_out;
  if (!passed.upstream.address.is_unspecified()) record.upstream = passed.upstream.to_string();
  record.error = passed.error;
  worker_.metrics.count_passed_through(record);
  write(std::move(record));
}

io::Task<void> Layer::meet_what_is_not_tls(wire::FirstBytes seen) {
  session_.target = Target::of(session_.arrival);
  session_.notes.emplace_back("seen", wire::name_of(seen));
  const policy::Verdict verdict =
      generation_.configuration->policy->judge(session_.target.name, session_.arrival.client.address);
  const std::string what = seen == wire::FirstBytes::silence ? "no ClientHello came in time"
                                                             : "not TLS: " + std::string(wire::name_of(seen));
  if (settings().intercept.not_tls == config::NotTls::refuse) {
    record_end(what);
    co_return;
  }
  // There is no way to tell the client why.
  if (verdict.action == policy::Action::refuse) {
    record_end(what, &verdict);
    co_return;
  }
  const policy::Verdict passed{
      policy::VerdictName::passed_through, policy::Action::passthrough, {"intercept", "not_tls", {}, 0}, nullptr};
  SilentClient silent(client_);
  io::Stream& client = seen == wire::FirstBytes::silence ? static_cast<io::Stream&>(silent) : client_;
  co_await relay_unopened(client, verdict, passed, nullptr);
}

io::Task<void> Layer::relay_unknown_protocol() {
  if (settings().intercept.unknown_alpn == config::UnknownAlpn::refuse) {
    co_await refuse_with(wire::Alert::no_application_protocol, "the client speaks no protocol of ours");
    co_return;
  }
  // No page can be shown in a protocol that is not known.
  if (verdict_.action == policy::Action::refuse || !session_.target.contradiction.empty()) {
    co_await refuse_with(wire::Alert::access_denied, session_.target.contradiction, &verdict_);
    co_return;
  }
  Route route = route_of(generation_, session_.target, session_.arrival, verdict_);
  route.alpn = hello_reader_->hello().alpn;
  EarlyDial early(worker_, lifetime_.cancellation(), std::move(route));
  early.start();
  co_await early.wait_for_facts();
  if (early.error()) {
    worker_.metrics.count_upstream_error(*early.error());
    co_await refuse_with(wire::Alert::handshake_failure, early.error()->reason, &verdict_);
    co_return;
  }
  // Lists with HTTP/2 in them are not unknown, so that the connection is this client's alone.
  const http::OriginFacts& origin = *early.facts();
  if (session_.target.is_address && origin.certificate) {
    session_.origin_certificate = crypto::up_ref(origin.certificate.get());
  }
  // The origin's choice is the client's. One that made none might be spoken to in HTTP, which is not for a tunnel.
  if (origin.alpn.empty()) {
    co_await refuse_with(wire::Alert::no_application_protocol, "the origin speaks no protocol of the client's",
                         &verdict_);
  } else {
    alpn_ = {&tunnel_protocol(), origin.alpn};
    co_await converse(early);
  }
  co_await early.end();
}

// A line for a session that ended before anything was said in it, where that tells something.
void Layer::judge_reception(const std::string& handshake_error) {
  worker_.metrics.client_tls.count_alert(client_tls_->peer_alert());
  record::ExchangeRecord line = reception_.judge(*client_tls_, offers_ech_, *generation_.configuration);
  if (!handshake_error.empty()) line.error += (line.error.empty() ? "" : ": ") + handshake_error;
  if (!line.error.empty()) write(std::move(line));
}

}  // namespace sallyport::gateway
