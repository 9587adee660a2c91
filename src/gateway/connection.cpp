#include "connection.hpp"

#include <algorithm>
#include <array>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/io/relay.hpp"
#include "sallyport/pki/certificate_names.hpp"
#include "sallyport/tls/ja4.hpp"

#include "connect_handler.hpp"
#include "destination_guard.hpp"

namespace sallyport::gateway {
namespace {

const std::vector<std::string>& protocols_for_clients() {
  static const std::vector<std::string> protocols = {"http/1.1"};
  return protocols;
}

}  // namespace

// The origin is dialled while the client still shakes hands. Whoever needs the connection first joins the task.
struct Connection::EarlyDial {
  EarlyDial(OriginDialer given, Route given_route) : dialer(given), route(std::move(given_route)) {}

  // An idle connection serves as well.
  void start() {
    idle = dialer.take_idle(route);
    if (!idle) opening.emplace(dialer.open(route));
  }

  io::Task<void> wait() {
    if (!opening) co_return;
    Result<http::OriginConnectionPtr> opened = co_await opening->join();
    opening.reset();
    if (opened) {
      idle = std::move(*opened);
    } else {
      error = opened.error();
    }
  }

  // For the first request; null where the rules have changed since.
  io::Task<Result<http::OriginConnectionPtr>> take(const WorkerContext& worker) {
    co_await wait();
    if (worker.generation.configuration != route.generation.configuration) co_return nullptr;
    if (error) co_return std::unexpected(*error);
    // The client may have taken its time, and the origin lost patience.
    if (idle && !idle->quiet()) idle.reset();
    co_return std::move(idle);
  }

  OriginDialer dialer;
  Route route;
  http::OriginConnectionPtr idle;
  std::optional<Error> error;
  std::optional<io::StartedTask<Result<http::OriginConnectionPtr>>> opening;
};

Connection::Connection(WorkerContext& worker, io::Accepted accepted, Door door, ConnectionCounts::Place place)
    : worker_(worker),
      generation_(worker.generation),
      client_(worker.loop, std::move(accepted.socket)),
      place_(std::move(place)),
      client_closed_on_cancel_(cancellation_, client_) {
  session_.arrival = {.door = door, .client = accepted.peer, .local = accepted.local, .authority = {}};
  client_.on_break(
      [](void* self) { static_cast<Connection*>(self)->end({ErrorKind::reset, "the client broke the connection"}); },
      this);
}

Connection::~Connection() = default;

void Connection::drain() {
  draining_ = true;
  if (serving_ != nullptr) serving_->drain();
}

io::Task<void> Connection::run() {
  const bool arrived = co_await arrive();
  if (!arrived) co_return;
  const policy::PolicySnapshot& policy = *generation_.configuration->policy;
  const IpAddress& client = session_.arrival.client.address;
  const std::optional<policy::Verdict> whole_client = policy.ask(policy::Stage::passthrough_client, {}, &client);
  if (whole_client) {
    session_.target = Target::of(session_.arrival);
    co_await pass_through(*whole_client);
    co_return;
  }
  const Result<void> hello = co_await read_client_hello();
  if (!hello) co_return;
  Result<Target> target = Target::of(session_.arrival, hello_reader_.hello());
  if (!target) {
    co_await refuse_with(wire::Alert::unrecognized_name, target.error().reason);
    co_return;
  }
  session_.target = std::move(*target);
  session_.ja4 = tls::ja4(hello_reader_.hello(), tls::Ja4Transport::tcp);
  const policy::Verdict verdict = policy.judge(session_.target.name, client);
  // A client that contradicts itself is told so, which takes a session of ours.
  if (verdict.action == policy::Action::passthrough && session_.target.contradiction.empty()) {
    co_await pass_through(verdict);
  } else {
    co_await intercept(verdict);
  }
}

// Transparent connections are here already; the others first ask for where they want to go.
io::Task<bool> Connection::arrive() {
  if (!came_through_the_right_door()) {
    client_.abort({ErrorKind::not_permitted, "refused"});
    co_return false;
  }
  if (session_.arrival.door == Door::transparent) co_return true;
  co_return co_await arrive_by_connect();
}

bool Connection::came_through_the_right_door() const {
  if (session_.arrival.door != Door::transparent) return true;
  const config::Settings& settings = generation_.configuration->settings;
  const IpAddress& client = session_.arrival.client.address;
  std::string why;
  const Result<void> allowed =
      check_destination(session_.arrival.local, Door::transparent, false, settings, *worker_.addresses);
  if (!allowed) why = allowed.error().reason;
  if (!settings.gateway.lan_interfaces.empty() && !worker_.addresses->is_behind_lan(client)) {
    why = "the client is not behind lan_interfaces";
  }
  if (why.empty()) return true;
  worker_.log().warning("refused " + session_.arrival.client.to_string() + " to " + session_.arrival.local.to_string() +
                        ": " + why);
  return false;
}

io::Task<bool> Connection::arrive_by_connect() {
  ConnectHandler handler(worker_, session_.arrival);
  http::http1::Server server(client_, worker_.buffers, server_options(), handler);
  serving_ = &server;
  if (draining_) server.drain();
  co_await server.serve();
  serving_ = nullptr;
  session_.arrival.authority = handler.authority();
  co_return handler.authority().has_value();
}

io::Task<Result<void>> Connection::read_client_hello() {
  const config::Settings& settings = generation_.configuration->settings;
  std::array<std::uint8_t, 4096> piece{};
  client_.set_deadline(worker_.loop.now() + settings.intercept.first_bytes);
  bool first = true;
  for (;;) {
    const Result<std::size_t> got = co_await client_.read(piece);
    if (!got || *got == 0) {
      const Error why =
          got ? Error{ErrorKind::end_of_stream, "the client left before its ClientHello was complete"} : got.error();
      record_end(nullptr, first && why.kind == ErrorKind::timed_out ? "no ClientHello came in time" : why.reason, 0, 0,
                 {});
      co_return std::unexpected(why);
    }
    if (std::exchange(first, false)) client_.set_deadline(worker_.loop.now() + settings.limits.handshake);
    const Result<bool> complete = hello_reader_.feed(ByteView(piece).first(*got));
    if (!complete) {
      const std::optional<wire::Alert> alert = hello_reader_.alert();
      if (alert) {
        co_await refuse_with(*alert, complete.error().reason);
      } else {
        record_end(nullptr, complete.error().reason, 0, 0, {});
      }
      co_return std::unexpected(complete.error());
    }
    if (*complete) co_return Result<void>();
  }
}

// An alert in the clear, in place of a ServerHello.
io::Task<void> Connection::refuse_with(wire::Alert alert, std::string_view why) {
  record_end(nullptr, why, 0, 0, {});
  const std::array<std::uint8_t, 7> record = wire::fatal_alert(alert);
  client_.set_deadline(worker_.loop.now() + generation_.configuration->settings.limits.handshake);
  const Result<void> sent = co_await client_.write(record);
  if (!sent) co_return;
  const Result<void> finished = co_await client_.finish();
  if (!finished) co_return;
  // What the client still sends is taken, so that closing does not reset the connection under the alert.
  client_.set_deadline(worker_.loop.now() + std::chrono::seconds(1));
  std::array<std::uint8_t, 4096> surplus{};
  for (int reads = 0; reads < 32; ++reads) {
    const Result<std::size_t> got = co_await client_.read(surplus);
    if (!got || *got == 0) co_return;
  }
}

// Both TLS sessions end here. A refused name gets its own so that the page can say why; nobody is dialled for it.
io::Task<void> Connection::intercept(const policy::Verdict& verdict) {
  const config::Settings& settings = generation_.configuration->settings;
  if (session_.target.is_address && settings.intercept.no_sni == config::NoSni::refuse) {
    co_await refuse_with(wire::Alert::unrecognized_name, "the client named no host, and no_sni = refuse");
    co_return;
  }
  EarlyDial early(OriginDialer(worker_, cancellation_),
                  route_of(generation_, session_.target, session_.arrival, verdict));
  const bool may_dial = verdict.action == policy::Action::intercept && session_.target.contradiction.empty();
  if (may_dial) early.start();
  co_await serve(verdict, early);
  // A client that left before its first request often comes back: what is open by now may serve it then.
  if (early.idle) early.dialer.keep_idle(early.route, std::move(early.idle));
  if (!early.opening) co_return;
  cancellation_.cancel({ErrorKind::cancelled, "the client left"});
  co_await early.wait();
}

bool Connection::asks_before_answering() const {
  return session_.target.is_address ||
         generation_.configuration->settings.upstream.invalid_origin == config::InvalidOrigin::alert;
}

io::Task<void> Connection::serve(const policy::Verdict& verdict, EarlyDial& early) {
  if (verdict.action == policy::Action::intercept && asks_before_answering()) {
    co_await early.wait();
    if (early.idle && early.idle->facts().certificate) {
      session_.origin_certificate = crypto::up_ref(early.idle->facts().certificate.get());
    }
    const bool to_alert = generation_.configuration->settings.upstream.invalid_origin == config::InvalidOrigin::alert;
    if (early.error && to_alert) {
      co_await refuse_with(wire::Alert::handshake_failure, early.error->reason);
      co_return;
    }
  }
  const bool secured = co_await shake_hands();
  if (!secured) co_return;
  co_await serve_http(early);
}

Result<pki::LeafPtr> Connection::leaf() const {
  const config::Settings& settings = generation_.configuration->settings;
  const std::chrono::sys_seconds now = crypto::wall_clock();
  pki::LeafRequest request;
  if (session_.origin_certificate) {
    request.names = pki::names_in(session_.origin_certificate.get(), pki::max_leaf_names);
  }
  if (request.names.empty()) request.names = {session_.target.name};
  request.life = settings.ca.leaf_life;
  if (!wire::accepts_ecdsa(hello_reader_.hello())) request.key = pki::LeafKey::rsa_2048;
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

io::Task<bool> Connection::shake_hands() {
  pki::LeafPtr shown;  // kept until the handshake is over
  tls::ServerContext::Session session{.identity = [this, &shown]() -> Result<tls::Identity> {
                                        Result<pki::LeafPtr> minted = leaf();
                                        if (!minted) return std::unexpected(minted.error());
                                        shown = std::move(*minted);
                                        return tls::Identity{shown->certificate.get(), shown->key.get(),
                                                             shown->chain()};
                                      },
                                      .alpn = protocols_for_clients(),
                                      .resumption_scope = session_.target.name + generation_.resumption_scope};
  client_.unread(hello_reader_.raw());
  Result<std::unique_ptr<tls::TlsStream>> accepted = generation_.server_tls->accept(client_, std::move(session));
  if (!accepted) {
    record_end(nullptr, accepted.error().reason, 0, 0, {});
    co_return false;
  }
  client_tls_ = std::move(*accepted);
  client_tls_->set_deadline(worker_.loop.now() + generation_.configuration->settings.limits.handshake);
  const Result<void> done = co_await client_tls_->handshake();
  if (!done) {
    record_end(nullptr, "client: " + done.error().reason, 0, 0, {});
    co_return false;
  }
  session_.tls_client = std::string(client_tls_->version()) + " " + std::string(client_tls_->cipher());
  co_return true;
}

http::http1::ServerOptions Connection::server_options() const {
  const config::Settings& settings = generation_.configuration->settings;
  return {.limits = {.header_bytes = settings.limits.header_bytes},
          .header = settings.limits.header,
          .idle = settings.limits.client_idle,
          .body = settings.upstream.idle_timeout};
}

io::Task<void> Connection::serve_http(EarlyDial& early) {
  Forwarder forwarder(worker_, cancellation_, session_, [this, &early] { return early.take(worker_); });
  http::http1::Server server(*client_tls_, worker_.buffers, server_options(), forwarder);
  serving_ = &server;
  if (draining_) server.drain();
  co_await server.serve();
  serving_ = nullptr;
}

// The origin's TLS session reaches the client; we see neither.
io::Task<void> Connection::pass_through(const policy::Verdict& verdict) {
  OriginDialer dialer(worker_, cancellation_);
  const Route route = route_of(generation_, session_.target, session_.arrival, verdict);
  const Result<http::OriginConnectionPtr> dialled = co_await dialer.dial(route);
  if (!dialled) {
    record_end(&verdict, dialled.error().reason, 0, 0, {});
    client_.abort(dialled.error());
    co_return;
  }
  io::FdStream& origin = (*dialled)->socket();
  const io::ClosedOnCancel<io::FdStream> closed_on_cancel(cancellation_, origin);
  const io::Duration idle = generation_.configuration->settings.upstream.idle_timeout;
  const ByteView hello = hello_reader_.raw();
  origin.set_deadline(worker_.loop.now() + idle);
  if (!hello.empty()) {
    const Result<void> sent = co_await origin.write(hello);
    if (!sent) client_.abort(sent.error());
  }
  const io::Relayed relayed = co_await io::splice_relay(client_, origin, idle);
  record_end(&verdict, relayed.error && relayed.error->kind != ErrorKind::reset ? relayed.error->reason : "",
             relayed.forth + hello.size(), relayed.back, (*dialled)->facts().dialled.to_string());
}

// A line for a connection that ended without an exchange.
void Connection::record_end(const policy::Verdict* verdict, std::string_view error, std::uint64_t bytes_in,
                            std::uint64_t bytes_out, const std::string& upstream) {
  record::ExchangeRecord record;
  record.time = began_;
  record.client = session_.arrival.client.to_string();
  record.host = session_.target.name.empty() ? Target::of(session_.arrival).name : session_.target.name;
  if (verdict != nullptr) {
    record.verdict = policy::text_of(verdict->name);
    record.rule = verdict->rule.name();
  }
  record.bytes_in = bytes_in;
  record.bytes_out = bytes_out;
  record.duration = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now() - began_);
  record.upstream = upstream;
  record.error = error;
  if (!session_.ja4.empty()) record.extra.emplace_back("ja4", session_.ja4);
  worker_.log().write(record);
}

}  // namespace sallyport::gateway
