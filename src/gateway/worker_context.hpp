// WorkerContext: what the connections of one worker use together. The worker's thread alone.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "sallyport/gateway/metrics.hpp"
#include "sallyport/gateway/open_connections.hpp"
#include "sallyport/gateway/worker.hpp"
#include "sallyport/http/upstream_pool.hpp"
#include "sallyport/io/buffer_pool.hpp"
#include "sallyport/io/event_loop.hpp"
#include "sallyport/io/pipe_pool.hpp"
#include "sallyport/io/resolver.hpp"
#include "sallyport/tls/client_context.hpp"
#include "sallyport/tls/server_context.hpp"

#include "captures.hpp"
#include "dials_under_way.hpp"
#include "origin_probes.hpp"

namespace sallyport::gateway {

// The parts that a reload replaces, together.
struct Generation {
  ConfigurationPtr configuration;
  std::shared_ptr<const tls::ServerContext> server_tls;
  std::shared_ptr<const tls::ClientContext> client_tls;
  // What TLS tickets of this generation are good for, beside the name: the policy and the trust store.
  std::string resumption_scope;

  static Result<Generation> of(ConfigurationPtr configuration);
};

struct WorkerContext {
  WorkerContext(Shared given_shared, io::EventLoop& given_loop)
      : shared(std::move(given_shared)), loop(given_loop), pool(given_loop, most_idle_upstreams) {}

  static constexpr std::size_t most_idle_upstreams = 4096;

  [[nodiscard]] const config::Settings& settings() const { return generation.configuration->settings; }
  [[nodiscard]] record::Log& log() const { return shared.recorder.log(); }

  Shared shared;
  io::EventLoop& loop;
  Generation generation;
  AddressesPtr addresses;
  std::shared_ptr<io::Resolver> resolver;  // a question under way keeps the one it was put to
  io::BufferPool buffers;
  io::PipePool pipes;
  Metrics metrics;
  OpenConnections open_connections;
  Captures captures;
  http::UpstreamPool pool;
  DialsUnderWay dials;
  OriginProbes probes;
};

}  // namespace sallyport::gateway
