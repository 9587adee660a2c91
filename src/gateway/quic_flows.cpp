#include "sallyport/gateway/quic_flows.hpp"

#include <algorithm>
#include <utility>

#include "sallyport/http/request_id.hpp"
#include "sallyport/tls/ja4.hpp"

namespace sallyport::gateway {
namespace {

// What ICMP has to quote at least, and more than any usual header in front of it (RFC 792, RFC 4443 §3.1).
constexpr std::size_t quoted_bytes = 128;

void append_endpoint(std::string& key, const Endpoint& endpoint) {
  key.append(reinterpret_cast<const char*>(endpoint.address.data()), endpoint.address.size());
  key += static_cast<char>(endpoint.port >> 8);
  key += static_cast<char>(endpoint.port);
}

std::string key_of(const IpAddress& address) { return {reinterpret_cast<const char*>(address.data()), address.size()}; }

bool begins_connection(ByteView payload) {
  if (payload.empty() || !quic::has_long_header(payload[0])) return false;
  const Result<quic::LongHeader> header = quic::parse_long_header(payload);
  return header && header->type == quic::PacketType::initial;
}

std::vector<std::uint8_t> beginning_of(ByteView packet) {
  const ByteView first = packet.first(std::min(packet.size(), quoted_bytes));
  return {first.begin(), first.end()};
}

record::ExchangeRecord record_of(const Endpoint& client, const Endpoint& server, const std::string& host) {
  record::ExchangeRecord record;
  record.time = std::chrono::system_clock::now();
  record.request_id = http::make_request_id();
  record.client = client.to_string();
  record.host = host;
  record.upstream = server.to_string();
  return record;
}

void add_verdict(record::ExchangeRecord& record, const policy::Verdict& verdict, bool pass) {
  record.verdict = policy::text_of(verdict.name);
  record.rule = verdict.rule.name();
  record.extra.emplace_back("quic", pass ? "passed" : "refused");
}

}  // namespace

QuicFlows::QuicFlows(quic::InitialOpener opener, Learnt& learnt, QuicCounters& counters, Record record)
    : opener_(std::move(opener)), learnt_(learnt), counters_(counters), record_(std::move(record)) {}

QuicFlows::~QuicFlows() = default;

void QuicFlows::configure(ConfigurationPtr configuration) {
  configuration_ = std::move(configuration);
  ++configurations_;
}

void QuicFlows::take(const Packet& packet, TimePoint now, std::vector<Ruling>& rulings) {
  counters_.packets.add();
  const Result<wire::UdpPacket> udp = wire::parse_udp_packet(packet.bytes);
  if (!udp) {
    // Nobody can be told whose packet nobody understands.
    counters_.unreadable.add();
    const bool pass = configuration_->settings.quic.undetermined == config::Undetermined::allow;
    rulings.push_back({packet.id, packet.mark, pass, std::nullopt, {}});
    return;
  }
  const Flow flow{udp->source, udp->destination};
  std::string key;
  append_endpoint(key, flow.client);
  append_endpoint(key, flow.server);
  if (const std::optional<Known> known = ruling_of_known(key, flow, udp->payload, now)) {
    rule(packet, flow.client.address, *known, rulings);
    return;
  }
  collect(key, flow, packet, udp->payload, now, rulings);
}

void QuicFlows::rule(const Packet& packet, const IpAddress& client, Known known, std::vector<Ruling>& rulings) {
  Ruling ruling{packet.id, packet.mark, known.pass, std::nullopt, {}};
  if (known.tell) {
    ruling.told = client;
    ruling.quoted = beginning_of(packet.bytes);
  }
  rulings.push_back(std::move(ruling));
}

std::optional<QuicFlows::Known> QuicFlows::ruling_of_known(const std::string& key, const Flow& flow, ByteView payload,
                                                           TimePoint now) {
  if (Decided* const refused = refused_.find(key, now)) {
    if (refused->configuration == configurations_) return Known{.pass = false, .tell = refused->told++ < most_told};
    refused_.erase(key);
    return std::nullopt;
  }
  Decided* const known = passed_.find(key, now);
  if (known == nullptr) return std::nullopt;
  if (now - known->since > same_connection_time && begins_connection(payload)) {
    passed_.erase(key);
    return std::nullopt;
  }
  if (known->configuration == configurations_) {
    if (now - known->met >= passed_step) {
      Decided met = std::move(*known);
      met.met = now;
      passed_.put(key, std::move(met), now + passed_time);
    }
    return Known{.pass = true};
  }

  Judgement judgement{
      .pass = still_passes(*known, flow), .record = {}, .name = known->name, .readable = known->readable};
  if (!judgement.pass) {
    judgement.record = record_of(flow.client, flow.server, known->name);
    judgement.record.error = "a QUIC flow that an earlier configuration had passed";
    judgement.record.extra.emplace_back("quic", "refused");
    counters_.rejected.add();
    record_(judgement.record);
  }
  remember(key, judgement, now);
  return Known{.pass = judgement.pass, .tell = !judgement.pass};
}

// What it proved it has proved; whether that is still wanted is asked.
bool QuicFlows::still_passes(const Decided& known, const Flow& flow) const {
  const config::Settings::Quic& settings = configuration_->settings.quic;
  if (settings.action != config::QuicAction::policy) return settings.action == config::QuicAction::allow;
  if (!known.readable) return settings.undetermined == config::Undetermined::allow;
  return configuration_->policy->judge(known.name, flow.client.address).action == policy::Action::passthrough;
}

void QuicFlows::collect(const std::string& key, const Flow& flow, const Packet& packet, ByteView payload, TimePoint now,
                        std::vector<Ruling>& rulings) {
  const auto found = begin_collecting(key, flow, now);
  if (found == collecting_.end()) {
    Judgement judgement = judge_unreadable(flow, "too many hellos are being put together");
    remember(key, judgement, now);
    record_(std::move(judgement.record));
    rule(packet, flow.client.address, {.pass = judgement.pass, .tell = !judgement.pass}, rulings);
    return;
  }
  Collecting& collecting = found->second;
  collecting.waiting.push_back({packet.id, packet.mark});
  collecting.quoted = beginning_of(packet.bytes);
  if (std::optional<Judgement> unseen = judge_unseen(flow)) {
    decide(key, found, std::move(*unseen), now, rulings);
    return;
  }
  const Result<bool> complete = collecting.collector.feed(opener_, payload);
  if (!complete) {
    decide(key, found, judge_unreadable(flow, complete.error().reason), now, rulings);
  } else if (*complete) {
    decide(key, found, judge(flow, collecting.collector.hello(), now), now, rulings);
  }
}

QuicFlows::CollectingFlows::iterator QuicFlows::begin_collecting(const std::string& key, const Flow& flow,
                                                                 TimePoint now) {
  const auto found = collecting_.find(key);
  if (found != collecting_.end()) return found;
  if (collecting_.size() >= most_collecting) return collecting_.end();
  std::size_t& of_client = of_client_[key_of(flow.client.address)];
  if (of_client >= most_collecting_of_client) return collecting_.end();
  ++of_client;
  by_age_.emplace_back(now, key);
  return collecting_.emplace(key, Collecting{.flow = flow, .collector = {}, .waiting = {}, .quoted = {}, .since = now})
      .first;
}

void QuicFlows::end_collecting(CollectingFlows::iterator flow) {
  const auto count = of_client_.find(key_of(flow->second.flow.client.address));
  if (--count->second == 0) of_client_.erase(count);
  collecting_.erase(flow);
  while (!by_age_.empty()) {
    const auto oldest = collecting_.find(by_age_.front().second);
    if (oldest != collecting_.end() && oldest->second.since == by_age_.front().first) break;
    by_age_.pop_front();
  }
}

void QuicFlows::decide(const std::string& key, CollectingFlows::iterator flow, Judgement judgement, TimePoint now,
                       std::vector<Ruling>& rulings) {
  const Collecting& collecting = flow->second;
  for (const Waiting& waiting : collecting.waiting) {
    rulings.push_back({waiting.id, waiting.mark, judgement.pass, std::nullopt, {}});
  }
  if (!judgement.pass) {
    rulings.back().told = collecting.flow.client.address;
    rulings.back().quoted = collecting.quoted;
  }
  remember(key, judgement, now);
  end_collecting(flow);
  record_(std::move(judgement.record));
}

void QuicFlows::remember(const std::string& key, const Judgement& judgement, TimePoint now) {
  Decided decided{.readable = judgement.readable,
                  .name = judgement.name,
                  .configuration = configurations_,
                  .since = now,
                  .met = now};
  if (judgement.pass) {
    passed_.put(key, std::move(decided), now + passed_time);
  } else {
    passed_.erase(key);
    refused_.put(key, std::move(decided), now + refused_time);
  }
}

void QuicFlows::expire(TimePoint now, std::vector<Ruling>& rulings) {
  while (!by_age_.empty() && by_age_.front().first + collecting_time <= now) {
    const std::string key = by_age_.front().second;
    const auto late = collecting_.find(key);
    if (late == collecting_.end() || late->second.since != by_age_.front().first) {
      by_age_.pop_front();
      continue;
    }
    decide(key, late, judge_unreadable(late->second.flow, "the QUIC hello did not come whole in time"), now, rulings);
  }
}

std::optional<QuicFlows::TimePoint> QuicFlows::next_expiry() const {
  if (by_age_.empty()) return std::nullopt;
  return by_age_.front().first + collecting_time;
}

// What needs no hello: a setting for all of QUIC, or a client that is left alone.
std::optional<QuicFlows::Judgement> QuicFlows::judge_unseen(const Flow& flow) const {
  const config::QuicAction action = configuration_->settings.quic.action;
  const std::string host = flow.server.address.to_string();
  if (action != config::QuicAction::policy) {
    const bool pass = action == config::QuicAction::allow;
    (pass ? counters_.passed : counters_.rejected).add();
    Judgement judgement{.pass = pass, .record = record_of(flow.client, flow.server, host), .name = host};
    judgement.record.rule = "quic action";
    judgement.record.extra.emplace_back("quic", pass ? "passed" : "refused");
    return judgement;
  }
  const IpAddress& client = flow.client.address;
  const auto verdict = configuration_->policy->ask(policy::Stage::passthrough_client, {}, &client);
  if (!verdict) return std::nullopt;
  counters_.passed.add();
  Judgement judgement{.pass = true, .record = record_of(flow.client, flow.server, host), .name = host};
  add_verdict(judgement.record, *verdict, true);
  return judgement;
}

QuicFlows::Judgement QuicFlows::judge(const Flow& flow, const wire::ClientHello& hello, TimePoint now) {
  const Result<std::optional<std::string>> asked = wire::asked_name(hello);
  if (!asked) return judge_unreadable(flow, asked.error().reason);
  // Who names nobody is judged by the address, as over TCP.
  Judgement judgement;
  judgement.name = asked->value_or(flow.server.address.to_string());
  judgement.record = record_of(flow.client, flow.server, judgement.name);
  const policy::PolicySnapshot& policy = *configuration_->policy;
  const policy::Verdict verdict = policy.judge(judgement.name, flow.client.address);
  judgement.pass = verdict.action == policy::Action::passthrough;
  const bool unproved = judgement.pass && asked->has_value() && policy.proof() == policy::Proof::probe &&
                        !proved(flow, judgement.name, now);
  if (unproved) judgement.pass = false;
  record::ExchangeRecord& record = judgement.record;
  add_verdict(record, unproved ? policy.judge_opened(judgement.name) : verdict, judgement.pass);
  if (unproved) record.extra.emplace_back("proof", "this address has not proved the name over TCP yet");
  if (!hello.alpn.empty()) record.alpn = hello.alpn.front();
  record.unrecorded = policy.never_records(judgement.name);
  record.extra.emplace_back("ja4", tls::ja4(hello, tls::Ja4Transport::quic));
  (judgement.pass ? counters_.passed : counters_.rejected).add();
  return judgement;
}

// An address proves a name by a TLS handshake of ours with it, which passthrough over TCP brings about.
bool QuicFlows::proved(const Flow& flow, const std::string& name, TimePoint now) const {
  return learnt_.proofs.proved({flow.server, name, configuration_->trust->generation()}, now);
}

QuicFlows::Judgement QuicFlows::judge_unreadable(const Flow& flow, const std::string& reason) const {
  counters_.unreadable.add();
  Judgement judgement;
  judgement.readable = false;
  judgement.pass = configuration_->settings.quic.undetermined == config::Undetermined::allow;
  judgement.name = flow.server.address.to_string();
  judgement.record = record_of(flow.client, flow.server, judgement.name);
  judgement.record.rule = "quic undetermined";
  judgement.record.error = reason;
  judgement.record.extra.emplace_back("quic", judgement.pass ? "passed" : "refused");
  return judgement;
}

}  // namespace sallyport::gateway
