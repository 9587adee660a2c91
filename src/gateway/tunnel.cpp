#include "tunnel.hpp"

#include "first_bytes.hpp"
#include "layer.hpp"
#include "plain_layer.hpp"

namespace sallyport::gateway {
namespace {

constexpr std::uint16_t https_port = 443;

// Every method that is in use begins with one.
bool may_begin_request(std::uint8_t byte) { return byte >= 'A' && byte <= 'Z'; }

}  // namespace

io::Task<void> serve_tunnel(WorkerContext& worker, Lifetime& lifetime, io::Stream& tunnel, Arrival arrival) {
  bool plain = false;
  if (arrival.authority && arrival.authority->port != https_port) {
    const Result<std::uint8_t> first = co_await peek(tunnel, worker.settings().intercept.first_bytes);
    plain = first && may_begin_request(*first);
  }
  if (plain) {
    co_await serve_plain_tunnel(worker, lifetime, tunnel, std::move(arrival));
  } else {
    Layer layer(worker, lifetime, tunnel, std::move(arrival));
    co_await layer.run();
  }
}

}  // namespace sallyport::gateway
