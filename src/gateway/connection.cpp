#include "connection.hpp"

#include "sallyport/http/http1_server.hpp"

#include "connect_handler.hpp"
#include "destination_guard.hpp"
#include "http_server_options.hpp"
#include "layer.hpp"

namespace sallyport::gateway {

Connection::Connection(WorkerContext& worker, io::Accepted accepted, Door door, ConnectionCounts::Place place)
    : worker_(worker),
      client_(worker.loop, std::move(accepted.socket)),
      place_(std::move(place)),
      client_closed_on_cancel_(lifetime_.cancellation(), client_) {
  arrival_ = {.door = door, .client = accepted.peer, .local = accepted.local, .authority = {}};
  client_.on_break(
      [](void* self) { static_cast<Connection*>(self)->end({ErrorKind::reset, "the client broke the connection"}); },
      this);
}

io::Task<void> Connection::run() {
  if (!came_through_the_right_door()) {
    client_.abort({ErrorKind::not_permitted, "refused"});
    co_return;
  }
  if (arrival_.door == Door::transparent) {
    Layer layer(worker_, lifetime_, client_, arrival_);
    co_await layer.run();
  } else {
    co_await serve_proxy();
  }
}

bool Connection::came_through_the_right_door() const {
  if (arrival_.door != Door::transparent) return true;
  const config::Settings& settings = worker_.settings();
  const IpAddress& client = arrival_.client.address;
  std::string why;
  const Result<void> allowed =
      check_destination(arrival_.local, Door::transparent, false, settings, *worker_.addresses);
  if (!allowed) why = allowed.error().reason;
  if (!settings.gateway.lan_interfaces.empty() && !worker_.addresses->is_behind_lan(client)) {
    why = "the client is not behind lan_interfaces";
  }
  if (why.empty()) return true;
  worker_.log().warning("refused " + arrival_.client.to_string() + " to " + arrival_.local.to_string() + ": " + why);
  return false;
}

// The client first asks for where it wants to go.
io::Task<void> Connection::serve_proxy() {
  ConnectHandler handler(worker_, lifetime_, arrival_);
  http::http1::Server server(client_, worker_.buffers, http_server_options(worker_.settings()), handler);
  const Lifetime::OnDrain on_drain(lifetime_, [&server] { server.drain(); });
  co_await server.serve();
}

}  // namespace sallyport::gateway
