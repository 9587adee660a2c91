#include "layer.hpp"

#include <array>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/pki/certificate_names.hpp"
#include "sallyport/tls/ja4.hpp"

#include "captured_stream.hpp"
#include "intercepted_conversation.hpp"
#include "opening.hpp"
#include "peek.hpp"

namespace sallyport::gateway {
namespace {

std::chrono::microseconds since(io::TimePoint began) {
  return std::chrono::duration_cast<std::chrono::microseconds>(io::Clock::now() - began);
}

}  // namespace

Layer::Layer(WorkerContext& worker, Lifetime& lifetime, io::Stream& client, Arrival arrival, bool was_silent)
    : worker_(worker),
      lifetime_(lifetime),
      generation_(worker.generation),
      client_(client),
      was_silent_(was_silent),
      reception_(worker, session_) {
  session_.arrival = std::move(arrival);
}

Layer::~Layer() = default;

io::Task<void> Layer::run() {
  const bool opened = co_await meet_client();
  if (!opened) co_return;
  const bool may = co_await may_intercept();
  if (!may) co_return;
  EarlyDial early(worker_, lifetime_.cancellation(), route());
  const bool may_dial = verdict_.action == policy::Action::intercept && session_.target.contradiction.empty();
  if (may_dial) early.start();
  const bool answered = co_await ask_origin(early);
  if (answered) co_await converse(early);
  // A client that left before its first request often comes back: what is open by now may serve it then.
  if (early.under_way()) lifetime_.end({ErrorKind::cancelled, "the client left"});
  co_await early.end();
}

io::Task<bool> Layer::meet_client() {
  const policy::PolicySnapshot& policy = *generation_.configuration->policy;
  const IpAddress& client = session_.arrival.client.address;
  const std::optional<policy::Verdict> whole_client = policy.ask(policy::Stage::passthrough_client, {}, &client);
  if (whole_client) {
    session_.target = Target::of(session_.arrival);
    co_await relay_unopened(client_, *whole_client, *whole_client, nullptr);
    co_return false;
  }
  const Result<void> hello = co_await read_client_hello();
  if (!hello) co_return false;
  // What comes now is the half of a handshake that is not TLS's.
  while (!worker_.loop.take_costly_step()) co_await io::next_turn(worker_.loop);
  Result<Target> target = Target::of(session_.arrival, hello_reader_->hello());
  if (!target) {
    co_await refuse_with(wire::Alert::unrecognized_name, target.error().reason);
    co_return false;
  }
  session_.target = std::move(*target);
  session_.unrecorded = policy.never_records(session_.target.name);
  note_hello();
  Opening opening = co_await decide_opening(worker_, lifetime_, generation_, session_, hello_reader_->hello());
  verdict_ = opening.verdict;
  show_layer();
  // A client that contradicts itself is told so, which takes a session of ours.
  if (verdict_.action != policy::Action::passthrough || !session_.target.contradiction.empty()) co_return true;
  co_await relay_unopened(client_, verdict_, verdict_, std::move(opening.origin));
  co_return false;
}

// What the log and later connections are to know of the hello.
void Layer::note_hello() {
  const wire::ClientHello& hello = hello_reader_->hello();
  offers_ech_ = hello.offers_ech();
  const std::string ja4 = tls::ja4(hello, tls::Ja4Transport::tcp);
  session_.ja4 = tls::Ja4(ja4);
  session_.tls_stack = tls::Ja4(tls_stack_of(hello, ja4));
  if (offers_ech_) session_.notes.emplace_back("ech", "offered");
  std::optional<std::string> attempt = worker_.shared.learnt->ech.repeated_by(
      session_.arrival.client.address, session_.tls_stack.text(), session_.target.name, worker_.loop.now());
  if (attempt) session_.notes.emplace_back("ech_attempt", std::move(*attempt));
}

io::Task<Result<void>> Layer::read_client_hello() {
  std::array<std::uint8_t, 4096> piece{};
  client_.set_deadline(worker_.loop.now() + (was_silent_ ? io::Duration::zero() : settings().intercept.first_bytes));
  bool first = true;
  for (;;) {
    const Result<std::size_t> got = co_await client_.read(piece);
    if (!got || *got == 0) {
      const Error why =
          got ? Error{ErrorKind::end_of_stream, "the client left before its ClientHello was complete"} : got.error();
      if (first && why.kind == ErrorKind::timed_out) {
        co_await meet_what_is_not_tls(wire::FirstBytes::silence);
      } else {
        record_end(why.reason);
      }
      co_return std::unexpected(why);
    }
    if (std::exchange(first, false)) client_.set_deadline(worker_.loop.now() + settings().limits.handshake);
    const Result<bool> complete = hello_reader_->feed(ByteView(piece).first(*got));
    if (!complete) {
      const std::optional<wire::Alert> alert = hello_reader_->alert();
      if (alert) {
        co_await refuse_with(*alert, complete.error().reason);
      } else {
        co_await meet_what_is_not_tls(wire::classify_first_bytes(hello_reader_->raw()));
      }
      co_return std::unexpected(complete.error());
    }
    if (*complete) co_return Result<void>();
  }
}

// An alert in the clear, in place of a ServerHello.
io::Task<void> Layer::refuse_with(wire::Alert alert, std::string_view why, const policy::Verdict* verdict) {
  record_end(why, verdict);
  co_await send_alert(worker_, client_, alert);
}

// Both TLS sessions end here. A refused name gets its own so that the page can say why; nobody is dialled for it.
io::Task<bool> Layer::may_intercept() {
  if (session_.target.is_address && settings().intercept.no_sni == config::NoSni::refuse) {
    co_await refuse_with(wire::Alert::unrecognized_name, "the client named no host, and no_sni = refuse");
    co_return false;
  }
  alpn_ = choose_protocol(hello_reader_->hello().alpn);
  if (alpn_.protocol == nullptr) {
    co_await relay_unknown_protocol();
    co_return false;
  }
  session_.alpn = alpn_.name;
  note_capture();
  co_return true;
}

Route Layer::route() const {
  Route route = route_of(generation_, session_.target, session_.arrival, verdict_);
  if (!alpn_.protocol->is_http()) route.alpn = {alpn_.name};
  return route;
}

// A name that leaves no trace leaves none in a capture; what is opened within another session could not be read there.
void Layer::note_capture() const {
  CapturedStream* const captured = session_.arrival.captured;
  if (captured == nullptr) return;
  const bool may_be = !session_.unrecorded && session_.arrival.nesting == 0;
  captured->belongs_to(may_be ? worker_.captures.find(session_.arrival.client.address, session_.target.name) : nullptr);
}

void Layer::show_layer() const {
  session_.arrival.show([&](ConnectionFacts& facts) {
    facts.state = "TLS handshake";
    facts.via = session_.arrival.via;
    facts.layers.push_back({.name = session_.target.name,
                            .ja4 = session_.ja4,
                            .verdict = policy::text_of(verdict_.name),
                            .rule = verdict_.rule.name()});
  });
}

bool Layer::asks_before_answering() const {
  return session_.target.is_address || settings().upstream.invalid_origin == config::InvalidOrigin::alert;
}

// False: the client had to be told of its failure by an alert.
io::Task<bool> Layer::ask_origin(EarlyDial& early) {
  if (verdict_.action != policy::Action::intercept || !asks_before_answering()) co_return true;
  co_await early.wait_for_facts();
  const http::OriginFacts* const origin = early.facts();
  if (origin != nullptr && origin->certificate) {
    session_.origin_certificate = crypto::up_ref(origin->certificate.get());
  }
  if (!early.error() || settings().upstream.invalid_origin != config::InvalidOrigin::alert) co_return true;
  worker_.metrics.count_upstream_error(*early.error());
  co_await refuse_with(wire::Alert::handshake_failure, early.error()->reason);
  co_return false;
}

io::Task<void> Layer::converse(EarlyDial& early) {
  const bool secured = co_await shake_hands();
  if (!secured) co_return;
  hello_reader_.reset();
  InterceptedConversation conversation(worker_, lifetime_, session_, verdict_, settings(), early, *client_tls_,
                                       reception_);
  co_await alpn_.protocol->serve(conversation);
  conversation.write_record();
  judge_reception();
}

Result<pki::LeafPtr> Layer::leaf() const {
  const std::chrono::sys_seconds now = crypto::wall_clock();
  pki::LeafRequest request;
  if (session_.origin_certificate) {
    request.names = pki::names_in(session_.origin_certificate.get(), pki::max_leaf_names);
  }
  if (request.names.empty()) request.names = {session_.target.name};
  request.life = settings().ca.leaf_life;
  if (!wire::accepts_ecdsa(hello_reader_->hello())) request.key = pki::LeafKey::rsa_2048;
  const std::optional<Validity> origin = worker_.shared.origins->validity_of(session_.target.name);
  // Named only where they cut something off, so that one leaf serves as long as it can.
  if (origin && origin->not_after < now + request.life && origin->not_after > now) {
    request.not_after = origin->not_after;
  }
  if (origin && origin->not_before > now - std::chrono::hours(1) && origin->not_before <= now) {
    request.not_before = origin->not_before;
  }
  return worker_.shared.leaves.get(generation_.configuration->issuers->current(), request, now);
}

io::Task<bool> Layer::shake_hands() {
  pki::LeafPtr shown;  // kept until the handshake is over
  tls::ServerContext::Session session{.identity = [this, &shown]() -> Result<tls::Identity> {
                                        const io::TimePoint asked = io::Clock::now();
                                        Result<pki::LeafPtr> minted = leaf();
                                        session_.leaf_took = since(asked);
                                        if (!minted) return std::unexpected(minted.error());
                                        shown = std::move(*minted);
                                        reception_.shown();
                                        return tls::Identity{shown->certificate.get(), shown->key.get(),
                                                             shown->chain()};
                                      },
                                      .alpn = {alpn_.protocol != nullptr ? alpn_.name : "http/1.1"},
                                      .resumption_scope = session_.target.name + generation_.resumption_scope,
                                      .first_byte = [this] { note_first_byte(); }};
  CapturedStream* const captured = session_.arrival.captured;
  const bool is_captured = captured != nullptr && captured->wanted();
  if (is_captured) session.secret = [captured](std::string_view line) { captured->secret(line); };
  client_.unread(hello_reader_->raw());
  Result<std::unique_ptr<tls::TlsStream>> accepted = generation_.server_tls->accept(client_, std::move(session));
  if (!accepted) {
    record_end(accepted.error().reason);
    co_return false;
  }
  client_tls_ = std::move(*accepted);
  client_tls_->set_deadline(worker_.loop.now() + settings().limits.handshake);
  const io::TimePoint began = io::Clock::now();
  const Result<void> done = co_await client_tls_->handshake();
  session_.tls_took = since(began);
  if (!done) {
    worker_.metrics.client_tls.failed.add();
    judge_reception("client: " + done.error().reason);
    co_return false;
  }
  if (is_captured) captured->secured();
  if (client_tls_->resumed()) reception_.shown();
  worker_.metrics.client_tls.succeeded(client_tls_->resumed());
  session_.tls_client = client_tls_->suite();
  session_.arrival.show([this](ConnectionFacts& facts) {
    facts.state = "open";
    facts.layers.back().tls = session_.tls_client;
    facts.layers.back().alpn = client_tls_->alpn();
  });
  co_return true;
}

// HTTP/2 begins with a preface that asks for nothing (RFC 9113 §3.4): there the first request tells.
void Layer::note_first_byte() {
  if (client_tls_->alpn() != "h2") reception_.used(settings().pinning.learn);
}

void Layer::record_end(std::string_view error, const policy::Verdict* verdict) const {
  record::ExchangeRecord record = session_.record(verdict);
  record.error = error;
  write(std::move(record));
}

void Layer::write(record::ExchangeRecord record) const {
  record.duration =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now() - session_.began);
  worker_.shared.recorder.write(std::move(record));
}

}  // namespace sallyport::gateway
