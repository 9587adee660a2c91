#include "passthrough.hpp"

#include "sallyport/io/relay.hpp"

namespace sallyport::gateway {

bool is_left_alone(const WorkerContext& worker, const IpAddress& client) {
  const policy::PolicySnapshot& policy = *worker.generation.configuration->policy;
  return policy.ask(policy::Stage::passthrough_client, {}, &client).has_value();
}

io::Task<PassedThrough> pass_through(WorkerContext& worker, Lifetime& lifetime, const Route& route, io::Stream& client,
                                     ByteView first_bytes, Result<http::OriginConnectionPtr> dialled) {
  PassedThrough result;
  OriginDialer dialer(worker, lifetime.cancellation());
  if (dialled && !*dialled) dialled = co_await dialer.dial(route);
  if (!dialled) {
    worker.metrics.count_upstream_error(dialled.error());
    result.error = dialled.error().reason;
    client.abort(dialled.error());
    co_return result;
  }
  result.upstream = (*dialled)->facts().dialled;
  io::FdStream& origin = (*dialled)->socket();
  const io::ClosedOnCancel<io::FdStream> closed_on_cancel(lifetime.cancellation(), origin);
  const io::Duration idle = route.generation.configuration->settings.upstream.idle_timeout;
  origin.set_deadline(worker.loop.now() + idle);
  if (!first_bytes.empty()) {
    const Result<void> sent = co_await origin.write(first_bytes);
    if (!sent) client.abort(sent.error());
  }
  io::Relayed relayed;
  // The kernel moves the bytes itself where the client's stream is a socket, and not a tunnel in one.
  if (auto* const socket = dynamic_cast<io::FdStream*>(&client)) {
    relayed = co_await io::splice_relay(*socket, origin, worker.pipes, idle);
  } else {
    relayed = co_await io::relay(client, origin, worker.buffers, idle);
  }
  if (relayed.error && relayed.error->kind != ErrorKind::reset) result.error = relayed.error->reason;
  result.bytes_in = relayed.forth + first_bytes.size();
  result.bytes_out = relayed.back;
  co_return result;
}

}  // namespace sallyport::gateway
