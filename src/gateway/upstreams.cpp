#include "upstreams.hpp"

#include <utility>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/http/http1_upstream.hpp"

namespace sallyport::gateway {
namespace {

// A connection that has come may be full before everybody who waited for it got a stream.
constexpr int most_rounds = 128;

// Waits until the origin has said whether it takes an extended CONNECT.
io::Task<void> wait_for_settings(http::http2::SharedConnection& shared, io::EventLoop& loop,
                                 io::Cancellation& cancellation) {
  io::Watchers::Watch settling(loop, shared.settling());
  co_await settling.wait(cancellation);
}

}  // namespace

io::Task<Result<std::unique_ptr<http::UpstreamExchange>>> Upstreams::open(Route route, Wish wish,
                                                                          io::Cancellation& cancellation) {
  OriginDialer dialer(worker_, cancellation);
  for (int round = 0; round < most_rounds; ++round) {
    if (bound_ || wish.over_http1) route.speak_http1();
    http::http2::SharedConnection* shared = first_ ? nullptr : dialer.shared(route);
    if (shared == nullptr) {
      Result<http::OriginConnectionPtr> found = co_await find(route, wish, cancellation);
      if (!found) co_return std::unexpected(found.error());
      if (*found) {
        if ((*found)->begin_exchange()) worker_.metrics.upstream_reused.add();
        co_return over_http1(std::move(route), std::move(*found));
      }
      if (cancellation.cancelled()) co_return std::unexpected(cancellation.why());
      shared = dialer.shared(route);
    }
    // Others may have taken all that the origin allows, or the origin has gone.
    if (shared == nullptr) continue;
    if (!wish.switching) co_return begin(*shared);
    if (!shared->settled()) {
      co_await wait_for_settings(*shared, worker_.loop, cancellation);
      continue;
    }
    if (shared->takes_extended_connect()) co_return begin(*shared);
    wish.over_http1 = true;
  }
  co_return fail(ErrorKind::exhausted, "the origin takes no further stream on any connection");
}

// Null: one that is shared may have come.
io::Task<Result<http::OriginConnectionPtr>> Upstreams::find(Route route, Wish wish, io::Cancellation& cancellation) {
  OriginDialer dialer(worker_, cancellation);
  if (first_) {
    const First first = std::exchange(first_, nullptr);
    Result<http::OriginConnectionPtr> connection = co_await first();
    const std::shared_ptr<const http::OpeningTimes> times = std::exchange(first_times_, nullptr);
    if (!connection) *route.opening = *times;
    co_return connection;
  }
  if (bound_) {
    http::OriginConnectionPtr bound = std::move(bound_->upstream);
    // A reload may have changed where the route leads, or whom to believe.
    const bool fits = bound && bound_->key == reuse_key(route) && bound->facts().verified_until > crypto::wall_clock();
    if (fits && !wish.fresh && bound->quiet()) co_return bound;
    co_return co_await dialer.open(std::move(route));
  }
  co_return co_await dialer.obtain(std::move(route), wish.fresh);
}

std::unique_ptr<http::UpstreamExchange> Upstreams::begin(http::http2::SharedConnection& shared) const {
  if (shared.used()) worker_.metrics.upstream_reused.add();
  return shared.begin();
}

std::unique_ptr<http::UpstreamExchange> Upstreams::over_http1(Route route, http::OriginConnectionPtr connection) {
  const config::Settings& settings = route.generation.configuration->settings;
  const http::http1::UpstreamOptions options{.limits = {.header_bytes = settings.limits.header_bytes},
                                             .idle = settings.upstream.idle_timeout};
  return std::make_unique<http::http1::Http1Upstream>(
      std::move(connection), options, [this, kept_for = std::move(route)](http::OriginConnectionPtr idle) {
        if (bound_) {
          idle->mark_idled();
          bound_->upstream = std::move(idle);
          Route bound_route = kept_for;
          bound_route.speak_http1();
          bound_->key = reuse_key(bound_route);
        } else {
          OriginDialer(worker_, connection_).keep_idle(kept_for, std::move(idle));
        }
      });
}

}  // namespace sallyport::gateway
