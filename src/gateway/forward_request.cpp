// The request's body on its way to the origin, beside the response.
#include "forward_running.hpp"

namespace sallyport::gateway {

// What we say of a request, no trailer of the client's may say again.
void Forwarder::remove_injected(const Running& running, http::Fields& trailers) {
  trailers.remove(request_id_field);
  if (running.verdict.rewrite == nullptr) return;
  for (const policy::HeaderField& field : running.verdict.rewrite->headers) trailers.remove(field.name);
}

io::Task<void> Forwarder::pump_request(Running& running, http::UpstreamExchange& upstream) {
  http::BodySource& body = running.exchange.request_body;
  if (running.kept_body.whole()) {
    Result<void> sent;
    const ByteView bytes = running.kept_body.bytes();
    if (!bytes.empty()) sent = co_await upstream.send_body(bytes);
    if (sent) co_await finish_request(running, upstream);
    co_return;
  }
  const bool may_refuse = upstream.facts().alpn == "h2";
  for (;;) {
    if (!body.has_buffered()) {
      const Result<void> flushed = co_await upstream.flush();
      if (!flushed) co_return;
      const bool has_room = upstream.has_room();
      if (!has_room) {
        const Result<void> room = co_await upstream.wait_for_room();
        if (!room) co_return;
      }
    }
    running.body_begun = true;
    const Result<ByteView> part = co_await body.read();
    if (!part) {
      if (part.error().kind == ErrorKind::cancelled) co_return;
      running.client_error = part.error();
      upstream.close({ErrorKind::cancelled, "the request ended early"});
      co_return;
    }
    running.request_bytes += part->size();
    if (running.most_kept > 0) running.kept->request.add_body(*part, running.most_kept);
    if (part->empty()) {
      running.kept_body.end();
      remove_injected(running, body.trailers());
      co_await finish_request(running, upstream);
      co_return;
    }
    if (may_refuse) {
      running.kept_body.add(*part);
    } else {
      running.kept_body.give_up();
    }
    const Result<void> sent = co_await upstream.send_body(*part);
    if (!sent) co_return;
  }
}

// An origin that stops reading may have answered already: the response tells.
io::Task<void> Forwarder::finish_request(Running& running, http::UpstreamExchange& upstream) {
  [[maybe_unused]] const Result<void> finished = co_await upstream.finish(running.exchange.request_body.trailers());
  running.request_sent = true;
  if (running.clock.current() == record::Phase::send) running.clock.enter(record::Phase::wait);
}

}  // namespace sallyport::gateway
