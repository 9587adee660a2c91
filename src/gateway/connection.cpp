#include "connection.hpp"

#include <algorithm>

#include "captured_stream.hpp"
#include "destination_guard.hpp"
#include "layer.hpp"
#include "onboarding.hpp"
#include "peek.hpp"
#include "plain_layer.hpp"

namespace sallyport::gateway {

Connection::Connection(WorkerContext& worker, io::Accepted accepted, Door door, ConnectionCounts::Place place)
    : worker_(worker),
      client_(worker.loop, std::move(accepted.socket)),
      place_(std::move(place)),
      client_closed_on_cancel_(lifetime_.cancellation(), client_),
      seen_(worker.open_connections.add({.began = std::chrono::system_clock::now(),
                                         .door = name_of(door),
                                         .client = accepted.peer,
                                         .local = accepted.local,
                                         .state = "arriving"},
                                        client_)) {
  arrival_ = std::make_unique<Arrival>(Arrival{.door = door,
                                               .client = accepted.peer,
                                               .local = accepted.local,
                                               .authority = {},
                                               .socket = &client_,
                                               .view = &seen_.view()});
  listen_in();
  client_.on_break(
      [](void* self) { static_cast<Connection*>(self)->end({ErrorKind::reset, "the client broke the connection"}); },
      this);
}

// From the first byte on: whether it is wanted is known later.
void Connection::listen_in() {
  const bool may_hold_tls = arrival_->door == Door::transparent || arrival_->door == Door::proxy;
  if (!may_hold_tls || !worker_.captures.may_want(arrival_->client.address)) return;
  auto captured = std::make_unique<CapturedStream>(client_side, arrival_->client, arrival_->local, true);
  arrival_->captured = captured.get();
  client_.set_tap(std::move(captured));
}

io::Task<void> Connection::run() {
  // Nearly always: no frame for it stays while the connection is idle.
  if (!is_announced()) return serve();
  return run_announced();
}

io::Task<void> Connection::run_announced() {
  const bool known = co_await read_proxy_header();
  if (known) co_await serve();
}

io::Task<void> Connection::refuse() {
  client_.abort({ErrorKind::not_permitted, "refused"});
  co_return;
}

// No coroutine: the frame of one that named every door would have room for the layers of all.
io::Task<void> Connection::serve() {
  if (!came_through_the_right_door()) return refuse();
  std::unique_ptr<Arrival> arrival = std::move(arrival_);
  switch (arrival->door) {
    case Door::transparent:
      return serve_layer(std::move(arrival));
    case Door::transparent_http:
      return serve_transparent_http(worker_, lifetime_, client_, std::move(*arrival));
    case Door::onboarding:
      return serve_onboarding(worker_, lifetime_, client_, std::move(*arrival));
    case Door::proxy:
      return serve_proxy(std::move(arrival), ProxyLayer::Opening::requests);
    case Door::proxy_tls:
      break;
  }
  return serve_proxy(std::move(arrival), ProxyLayer::Opening::handshake);
}

io::Task<void> Connection::serve_layer(std::unique_ptr<Arrival> arrival) {
  Layer layer(worker_, lifetime_, client_, std::move(*arrival));
  arrival.reset();
  co_await layer.run();
}

io::Task<void> Connection::serve_proxy(std::unique_ptr<Arrival> arrival, ProxyLayer::Opening opening) {
  ProxyLayer layer(worker_, lifetime_, client_, std::move(*arrival), opening);
  arrival.reset();
  co_await layer.run();
}

// By a PROXY header. A sender that speaks for others must say for whom, before anything else; and nobody else is
// listened to.
bool Connection::is_announced() const {
  const std::vector<Prefix>& senders = worker_.settings().listen.proxy_protocol_from;
  return !is_transparent(arrival_->door) && std::ranges::any_of(senders, [this](const Prefix& sender) {
    return sender.contains(arrival_->client.address);
  });
}

io::Task<bool> Connection::read_proxy_header() {
  const config::Settings& settings = worker_.settings();
  Result<wire::ProxyHeader> header = co_await take_proxy_header(client_, settings.intercept.first_bytes);
  std::string why;
  if (!header) {
    why = header.error().reason;
  } else if (header->addresses) {
    arrival_->client = header->addresses->source;
    arrival_->local = header->addresses->destination;
    arrival_->show([this](ConnectionFacts& facts) { facts.client = arrival_->client; });
    place_.reset();
    Result<ConnectionCounts::Place> place =
        worker_.shared.counts->enter(arrival_->client.address, worker_.settings().gateway.max_connections,
                                     worker_.settings().limits.connections_per_client);
    if (place) {
      place_.emplace(std::move(*place));
    } else {
      why = place.error().reason;
    }
  }
  if (why.empty()) co_return true;
  worker_.log().warning("refused a connection from " + client_.peer().to_string() + ": " + why);
  client_.abort({ErrorKind::not_permitted, why});
  co_return false;
}

bool Connection::came_through_the_right_door() const {
  if (!is_transparent(arrival_->door)) return true;
  const config::Settings& settings = worker_.settings();
  const IpAddress& client = arrival_->client.address;
  std::string why;
  const Result<void> allowed =
      check_destination(arrival_->local, Door::transparent, false, settings, *worker_.addresses);
  if (!allowed) why = allowed.error().reason;
  if (!settings.gateway.lan_interfaces.empty() && !worker_.addresses->is_behind_lan(client)) {
    why = "the client is not behind lan_interfaces";
  }
  if (why.empty()) return true;
  worker_.log().warning("refused " + arrival_->client.to_string() + " to " + arrival_->local.to_string() + ": " + why);
  return false;
}

}  // namespace sallyport::gateway
