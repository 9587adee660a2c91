#include "origin_dialer.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/io/dial.hpp"

#include "captured_stream.hpp"
#include "destination_guard.hpp"
#include "origin_identity.hpp"

namespace sallyport::gateway {
namespace {

// Asked for with each exchange: most fit without growing.
constexpr std::size_t ordinary_key = 128;

// As the bytes that it is, for nobody reads the key. A number always takes the same room, an address says how much.
void append_number(std::string& key, std::uint64_t number) {
  std::array<char, sizeof number> bytes{};
  std::memcpy(bytes.data(), &number, sizeof number);
  key.append(bytes.data(), bytes.size());
}

void append_address(std::string& key, const IpAddress& address) {
  key += address.is_v4() ? '4' : '6';
  key.append(text_of(ByteView(address.data(), address.size())));
}

}  // namespace

std::string reuse_key(const Route& route) {
  const std::optional<Endpoint>& fixed = route.rewritten ? route.rewritten : route.target.endpoint;
  std::string key;
  key.reserve(ordinary_key);
  append_address(key, route.client.address);
  if (fixed) {
    append_address(key, fixed->address);
  } else {
    key += "dns";
  }
  append_number(key, fixed ? fixed->port : route.target.port);
  append_number(key, route.generation.configuration->trust->generation());
  key += route.target.name;
  key += is_transparent(route.door) ? "|t" : "|p";
  const pki::ClientIdentityPtr identity = identity_configured_for(*route.generation.configuration, route.target.name);
  if (identity) key += "|" + identity->fingerprint();
  if (route.plain) key += "|plain";
  for (const std::string& name : route.alpn) key += "|" + name;
  return key;
}

namespace {

// Closing with bytes unread would reset the connection, and the origin could lose the alert that says why. One that
// got it closes by itself.
io::Task<void> let_alert_arrive(io::FdStream& socket) {
  socket.set_deadline(socket.loop().now() + std::chrono::milliseconds(200));
  const Result<void> finished = co_await socket.finish();
  if (!finished) co_return;
  std::array<std::uint8_t, 4096> rest{};
  for (int reads = 0; reads < 32; ++reads) {
    const Result<std::size_t> got = co_await socket.read(rest);
    if (!got || *got == 0) co_return;
  }
}

}  // namespace

// Shared by the callbacks of one TLS session, which may be called after the handshake.
struct OriginDialer::Verification {
  std::string key;
  bool probing = false;  // nothing is resumed, kept or shown
  bool offered = false;  // a session to resume
  pki::VerifiedChain chain;
  bool verified = false;
  bool asked_for_certificate = false;
  std::chrono::sys_seconds until = std::chrono::sys_seconds::max();
};

// To share a connection, they are under the same rules and bounds besides: one dialled under those that a reload has
// replaced serves none that came after it. A capture must see a connection from its beginning, and that of nobody else.
std::string OriginDialer::connection_key(const Route& route) const {
  std::string key = reuse_key(route);
  key += '|';
  append_number(key, route.generation.configuration->policy->generation());
  const ActiveCapturePtr capture = worker_.captures.find(route.client.address, route.target.name);
  if (capture != nullptr) key += "|capture " + std::to_string(capture->order.id);
  return key;
}

CapturedStream* OriginDialer::listen_in(const Route& route, io::FdStream& socket) const {
  ActiveCapturePtr capture = worker_.captures.find(route.client.address, route.target.name);
  if (capture == nullptr || route.generation.configuration->policy->never_records(route.target.name)) return nullptr;
  auto captured = std::make_unique<CapturedStream>(origin_side, socket.peer(), socket.local(), false);
  CapturedStream* const listening = captured.get();
  listening->belongs_to(std::move(capture));
  socket.set_tap(std::move(captured));
  return listening;
}

Route route_of(Generation generation, const Target& target, const Arrival& arrival, const policy::Verdict& verdict) {
  Route route{.generation = std::move(generation),
              .target = target,
              .door = arrival.door,
              .client = arrival.client,
              .rewritten = std::nullopt};
  if (verdict.rewrite != nullptr) {
    route.rewritten = Endpoint{verdict.rewrite->target, verdict.rewrite->port.value_or(target.port)};
  }
  return route;
}

void Route::speak_plainly() {
  plain = true;
  speak_http1();
}

void Route::speak_http1() { alpn = {"http/1.1"}; }

http::http2::SharedConnection* OriginDialer::shared(const Route& route) const {
  const std::string key = connection_key(route);
  for (;;) {
    http::http2::SharedConnection* const connection = worker_.pool.shared(key);
    if (connection == nullptr || connection->facts().verified_until > crypto::wall_clock()) return connection;
    connection->retire();
  }
}

http::OriginConnectionPtr OriginDialer::take_idle(const Route& route) const {
  http::OriginConnectionPtr connection = worker_.pool.take(connection_key(route));
  if (connection && connection->facts().verified_until <= crypto::wall_clock()) return nullptr;
  return connection;
}

void OriginDialer::keep_idle(const Route& route, http::OriginConnectionPtr connection) const {
  const config::Settings& settings = worker_.settings();
  // What a reload may forbid is not kept over it.
  const bool current = route.generation.configuration == worker_.generation.configuration;
  if (current) worker_.pool.put(connection_key(route), std::move(connection), settings.upstream.pool_idle);
}

io::Task<Result<std::vector<Endpoint>>> OriginDialer::endpoints_of(const Route& route, io::TimePoint deadline) {
  std::vector<Endpoint> endpoints;
  if (route.rewritten) {
    endpoints.push_back(*route.rewritten);
  } else if (route.target.endpoint) {
    endpoints.push_back(*route.target.endpoint);
  } else {
    const std::shared_ptr<io::Resolver> resolver = worker_.resolver;
    const Result<std::vector<IpAddress>> addresses =
        co_await resolver->resolve(route.target.name, deadline, cancellation_);
    if (!addresses) co_return std::unexpected(addresses.error());
    endpoints = io::interleave_families(*addresses, route.target.port);
  }
  // A name that resolves to one forbidden address is a trap: none of its addresses is dialled.
  for (const Endpoint& endpoint : endpoints) {
    const Result<void> allowed = check_destination(endpoint, route.door, route.rewritten.has_value(),
                                                   route.generation.configuration->settings, *worker_.addresses);
    if (!allowed) co_return std::unexpected(allowed.error());
  }
  co_return endpoints;
}

std::optional<IpAddress> OriginDialer::source_for(const Route& route, const Endpoint& destination) const {
  const IpAddress& client = route.client.address;
  const netfilter::AddressSnapshot& addresses = *worker_.addresses;
  if (route.generation.configuration->settings.upstream.source_address == config::SourceAddress::gateway) return {};
  if (!is_transparent(route.door) && !addresses.is_behind_lan(client)) return {};
  // Answers to a local client's address never come back to the socket that dialled; those of a target on the
  // client's own link go straight to the client.
  if (addresses.is_own(client) || client.family() != destination.address.family()) return {};
  if (addresses.on_same_link(client, destination.address)) return {};
  // What this machine sends itself is not let in with a stranger's address.
  if (destination.address.is_loopback() || addresses.is_own(destination.address)) return {};
  return client;
}

io::Task<Result<http::OriginConnectionPtr>> OriginDialer::dial(Route route) {
  *route.opening = {.began = io::Clock::now()};
  const io::TimePoint deadline = worker_.loop.now() + route.generation.configuration->settings.upstream.connect_timeout;
  const Result<std::vector<Endpoint>> endpoints = co_await endpoints_of(route, deadline);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  route.opening->resolved = io::Clock::now();
  const std::optional<IpAddress> source = source_for(route, endpoints->front());
  io::DialOptions options{.targets = *endpoints, .source = source, .deadline = deadline};
  if (source) {
    std::erase_if(options.targets,
                  [&](const Endpoint& endpoint) { return endpoint.address.family() != source->family(); });
  }
  Result<std::unique_ptr<io::FdStream>> socket = co_await io::dial(worker_.loop, std::move(options), cancellation_);
  if (!socket) co_return std::unexpected(socket.error());
  route.opening->connected = io::Clock::now();
  auto connection = std::make_unique<http::OriginConnection>(std::move(*socket), worker_.buffers);
  connection->facts().dialled = connection->socket().peer();
  connection->facts().source = source.value_or(IpAddress());
  connection->facts().opening = route.opening;
  co_return connection;
}

Result<std::unique_ptr<tls::TlsStream>> OriginDialer::begin_tls(const Route& route, io::Stream& below,
                                                                std::shared_ptr<Verification> verification,
                                                                CapturedStream* captured) {
  const std::shared_ptr<OriginMemory>& origins = worker_.shared.origins;
  tls::SessionCache::Found known;
  if (!verification->probing) known = origins->sessions().take(verification->key, crypto::wall_clock());
  if (known.session) verification->until = known.not_after;
  verification->offered = known.session != nullptr;
  std::function<void(std::string_view)> secret;
  if (captured != nullptr) secret = [captured](std::string_view line) { captured->secret(line); };
  return route.generation.client_tls->connect(
      below, {.server_name = route.target.is_address ? std::string() : route.target.name,
              .alpn = route.alpn,
              .resume = known.session.get(),
              .verify = [verification, trust = route.generation.configuration->trust,
                         name = route.target.name](X509_STORE_CTX* presented) -> Result<void> {
                const Result<pki::VerifiedChain> chain = trust->verify(presented, name);
                if (!chain) return std::unexpected(chain.error());
                verification->chain = *chain;
                verification->verified = true;
                verification->until = chain->not_after;
                return {};
              },
              .new_session =
                  [verification, origins](crypto::SslSessionPtr session) {
                    if (verification->probing) return;
                    origins->sessions().put(verification->key, std::move(session), verification->until,
                                            crypto::wall_clock());
                  },
              .identity = [verification, configuration = route.generation.configuration, target = route.target,
                           shared = worker_.shared]() -> Result<tls::Identity> {
                verification->asked_for_certificate = true;
                if (verification->probing) return tls::Identity{};
                return identity_for_origin(*configuration, target, *shared.learnt, shared.recorder.log());
              },
              .secret = std::move(secret)});
}

void OriginDialer::share(const Route& route, http::OriginConnectionPtr connection) const {
  const config::Settings& settings = route.generation.configuration->settings;
  worker_.pool.share(connection_key(route), std::move(connection), worker_.buffers,
                     {.limits = {.header_bytes = settings.limits.header_bytes},
                      .unused = settings.limits.header,
                      .idle = settings.upstream.pool_idle,
                      .body = settings.upstream.idle_timeout});
}

io::Task<Result<http::OriginConnectionPtr>> OriginDialer::obtain(Route route, bool fresh) {
  const std::string key = connection_key(route);
  const bool offers_http2 = route.alpn.front() == "h2";
  while (offers_http2 && worker_.dials.any(key) &&
         worker_.shared.origins->may_speak_http2(route.target.name, route.target.port)) {
    std::optional<Error> failure = co_await worker_.dials.wait(worker_.loop, key, cancellation_);
    if (cancellation_.cancelled()) co_return std::unexpected(cancellation_.why());
    if (failure) co_return std::unexpected(std::move(*failure));
    if (shared(route) != nullptr) co_return nullptr;
  }
  http::OriginConnectionPtr idle;
  if (!fresh) idle = take_idle(route);
  if (idle) co_return idle;
  co_return co_await open(std::move(route));
}

io::Task<Result<http::OriginConnectionPtr>> OriginDialer::open(Route route) {
  DialsUnderWay::Dial dial(worker_.dials, connection_key(route));
  Result<http::OriginConnectionPtr> connection = co_await connect(route);
  if (!connection) {
    // That this client gave up is no reason for those who wait with it.
    if (!cancellation_.cancelled()) dial.failed(connection.error());
    co_return connection;
  }
  if (route.alpn.front() != "h2") co_return connection;
  const bool http2 = (*connection)->facts().alpn == "h2";
  worker_.shared.origins->remember_http2(route.target.name, route.target.port, http2);
  if (!http2) co_return connection;
  share(route, std::move(*connection));
  co_return nullptr;
}

io::Task<Result<http::OriginConnectionPtr>> OriginDialer::connect(Route route) {
  Result<http::OriginConnectionPtr> connection = co_await dial(route);
  if (!connection) co_return connection;
  if (route.plain) {
    worker_.metrics.upstream_opened.add();
    co_return connection;
  }
  http::OriginConnection& origin = **connection;
  const io::ClosedOnCancel<io::FdStream> closed_on_cancel(cancellation_, origin.socket());
  const auto verification = std::make_shared<Verification>();
  verification->key = reuse_key(route);
  CapturedStream* const captured = listen_in(route, origin.socket());
  Result<std::unique_ptr<tls::TlsStream>> tls = begin_tls(route, origin.socket(), verification, captured);
  if (!tls) co_return std::unexpected(tls.error());
  tls::TlsStream& session = **tls;
  origin.set_tls(std::move(*tls));
  session.set_deadline(worker_.loop.now() + route.generation.configuration->settings.limits.handshake);
  const Result<void> done = co_await session.handshake();
  if (!done) {
    if (session.peer_alert() < 0) co_await let_alert_arrive(origin.socket());
    // What was given up because its client left did not fail.
    if (!cancellation_.cancelled()) worker_.metrics.upstream_tls.failed.add();
    worker_.metrics.upstream_tls.count_alert(session.peer_alert());
    co_return fail_while("origin " + origin.facts().dialled.to_string(), done.error());
  }
  route.opening->secured = io::Clock::now();
  if (captured != nullptr) captured->secured();
  http::OriginFacts& facts = origin.facts();
  worker_.metrics.upstream_opened.add();
  worker_.metrics.upstream_tls.succeeded(session.resumed());
  if (verification->offered) {
    worker_.shared.origins->sessions().was_taken_back(verification->key, session.resumed(), crypto::wall_clock());
  }
  facts.tls = session.suite();
  facts.alpn = session.alpn();
  if (X509* const certificate = session.peer_certificate()) facts.certificate = crypto::up_ref(certificate);
  facts.verified_until = verification->until;
  facts.trust_generation = route.generation.configuration->trust->generation();
  if (verification->verified) {
    worker_.shared.origins->remember(route.target.name,
                                     {verification->chain.leaf_not_before, verification->chain.leaf_not_after});
  }
  co_return connection;
}

io::Task<Result<std::chrono::seconds>> OriginDialer::prove(Route route, http::OriginConnectionPtr connection) {
  http::OriginConnection& origin = *connection;
  const io::ClosedOnCancel<io::FdStream> closed_on_cancel(cancellation_, origin.socket());
  const auto verification = std::make_shared<Verification>();
  verification->probing = true;
  Result<std::unique_ptr<tls::TlsStream>> tls = begin_tls(route, origin.socket(), verification);
  if (!tls) co_return std::unexpected(tls.error());
  tls::TlsStream& session = **tls;
  origin.set_tls(std::move(*tls));
  session.set_deadline(worker_.loop.now() + route.generation.configuration->settings.limits.handshake);
  const Result<void> done = co_await session.handshake();
  // A TLS 1.2 origin that must have a certificate of ours ends the handshake, but by then it has proved itself.
  if (!done && !verification->asked_for_certificate) {
    co_return fail_while("origin " + origin.facts().dialled.to_string(), done.error());
  }
  co_return verification->until - crypto::wall_clock();
}

}  // namespace sallyport::gateway
