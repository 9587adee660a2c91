#include "tunnel.hpp"

#include "sallyport/wire/first_bytes.hpp"

#include "layer.hpp"
#include "passthrough.hpp"
#include "peek.hpp"
#include "plain_layer.hpp"

namespace sallyport::gateway {
namespace {

constexpr std::uint16_t https_port = 443;
constexpr std::size_t enough_to_tell = 4;  // "SSH-", and not a method

// Every method that is in use begins with a capital letter.
bool may_begin_request(ByteView bytes) {
  return bytes[0] >= 'A' && bytes[0] <= 'Z' && wire::classify_first_bytes(bytes) != wire::FirstBytes::ssh;
}

}  // namespace

io::Task<void> serve_tunnel(WorkerContext& worker, Lifetime& lifetime, io::Stream& tunnel, Arrival arrival) {
  bool plain = false;
  bool silent = false;
  const bool to_https = !arrival.authority || arrival.authority->port == https_port;
  if (!to_https && !is_left_alone(worker, arrival.client.address)) {
    const Result<std::vector<std::uint8_t>> first =
        co_await peek(tunnel, worker.settings().intercept.first_bytes, enough_to_tell);
    plain = first && may_begin_request(*first);
    silent = !first && first.error().kind == ErrorKind::timed_out;
  }
  if (plain) {
    co_await serve_plain_tunnel(worker, lifetime, tunnel, std::move(arrival));
  } else {
    Layer layer(worker, lifetime, tunnel, std::move(arrival), silent);
    co_await layer.run();
  }
}

}  // namespace sallyport::gateway
