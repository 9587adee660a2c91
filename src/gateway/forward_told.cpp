// What is told of exchanges: to the log and the history, to the counters, and to whoever looks at open connections.
#include "forward_running.hpp"

namespace sallyport::gateway {
namespace {

// Of an exchange: most have no further ones.
constexpr std::size_t ordinary_extras = 4;

}  // namespace

void Forwarder::keep_fields(record::KeptMessage& kept, const http::Fields& fields) {
  std::size_t bytes = kept.fields.size();
  for (const http::Field& field : fields) bytes += record::KeptMessage::bytes_of_field(field.name, field.value);
  kept.fields.reserve(bytes);
  for (const http::Field& field : fields) kept.add_field(field.name, field.value);
}

void Forwarder::show_begin(const Running& running) const {
  if (session_.arrival.view == nullptr) return;
  session_.arrival.view->exchange_begins();
  if (!first_exchange_ || !session_.plain) return;
  session_.arrival.show([&](ConnectionFacts& facts) {
    facts.state = "open";
    facts.via = session_.arrival.via;
    facts.layers.push_back({.name = session_.target.name,
                            .alpn = std::string(running.exchange.protocol),
                            .verdict = policy::text_of(running.verdict.name),
                            .rule = running.verdict.rule.name()});
  });
}

// A name that must leave no trace may stand in the connection or in the request alone.
void Forwarder::begin_keeping(Running& running) const {
  const policy::PolicySnapshot& policy = *running.generation.configuration->policy;
  running.may_record = !policy.never_records(session_.target.name);
  if (running.may_record && running.host() != session_.target.name) {
    const Result<http::Authority> host = http::Authority::parse(running.host());
    running.may_record = !(host && policy.never_records(host->host));
  }
  if (!running.may_record || !worker_.shared.recorder.keeps_history()) return;
  running.most_kept = running.settings().history.body_bytes;
  keep_fields(running.kept.emplace().request, running.exchange.request.fields);
}

void Forwarder::show_upstream(const http::OriginFacts& origin) {
  if (origin.dialled == shown_upstream_) return;
  shown_upstream_ = origin.dialled;
  session_.arrival.show([&](ConnectionFacts& facts) {
    facts.upstream = origin.dialled;
    facts.tls_upstream = origin.tls;
    facts.alpn_upstream = origin.alpn;
  });
}

http::Page Forwarder::refuse_unreadable(const http::http1::ParseError& error) {
  const std::string request_id = http::make_request_id();
  record::ExchangeRecord refused;
  refused.time = std::chrono::system_clock::now();
  refused.request_id = request_id;
  refused.client = session_.arrival.client.to_string();
  refused.host = session_.target.name;
  refused.status = static_cast<int>(error.status);
  refused.tls_client = session_.tls_client;
  refused.alpn = session_.alpn;
  refused.error = error.reason;
  worker_.shared.recorder.write(std::move(refused));
  return http::error_page(error.status, session_.target.name, error.reason, request_id, http::PageFormat::text);
}

// As they are when the response begins: at its end the connections may be others'.
void Forwarder::note_paths(Running& running, const http::OriginFacts& origin) const {
  const auto note = [](const io::FdStream* socket, record::TcpPath& path) {
    if (socket == nullptr) return;
    const io::FdStream::Path known = socket->path();
    path = {known.round_trip, known.retransmitted};
  };
  note(session_.arrival.socket, running.path_client);
  note(origin.socket, running.path_upstream);
}

void Forwarder::record(Running& running) {
  record::ExchangeRecord record;
  if (running.of_protocol) record = std::move(*running.of_protocol);
  const http::RequestHead& request = running.exchange.request;
  record.time = running.time;
  record.request_id = std::move(running.request_id);
  record.host = running.host();
  record.method = request.method;
  record.path = request.path;
  record.client = session_.arrival.client.to_string();
  record.status = static_cast<int>(running.status);
  record.verdict = policy::text_of(running.verdict.name);
  record.rule = running.verdict.rule.name();
  record.bytes_in += running.request_bytes;
  record.bytes_out += running.exchange.response.body_bytes();
  record.duration = running.clock.stop(record.timing);
  if (std::exchange(first_exchange_, false)) {
    record.timing.client_tls = session_.tls_took;
    record.timing.leaf = session_.leaf_took;
  }
  record.path_client = running.path_client;
  record.path_upstream = running.path_upstream;
  const bool dialled = running.dialled.port != 0;
  if (dialled) record.upstream = running.dialled.to_string();
  record.tls_client = session_.tls_client;
  record.tls_upstream = running.tls_upstream;
  record.alpn = running.exchange.protocol;
  if (!running.error.empty()) record.error = std::move(running.error);
  record.kept = std::move(running.kept);
  record.extra.reserve(ordinary_extras);
  session_.annotate(record);
  record.unrecorded = !running.may_record;
  if (session_.judged_as_address) record.extra.emplace_back("judged_as", session_.target.name);
  if (!running.alpn_upstream.empty()) record.extra.emplace_back("alpn_upstream", running.alpn_upstream);
  if (dialled) record.extra.emplace_back("source", running.from_gateway ? "gateway" : "client");
  worker_.metrics.count_exchange(running.verdict.name, running.status, record);
  if (copy_ != nullptr) *copy_ = record;
  worker_.shared.recorder.write(std::move(record));
}

}  // namespace sallyport::gateway
