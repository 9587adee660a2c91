// Upstreams: gives each exchange of a client connection a way to its origin: over a shared HTTP/2 connection, an idle
// HTTP/1.1 one, or one that is dialled for it.
//
// Owned by the connection's Forwarder, on its worker's thread; the exchanges it opens end before it does.
#pragma once

#include <functional>
#include <memory>

#include "sallyport/http/upstream_exchange.hpp"

#include "origin_dialer.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

class Upstreams {
 public:
  using First = std::function<io::Task<Result<http::OriginConnectionPtr>>()>;

  struct Wish {
    bool fresh = false;       // no connection that was idle
    bool over_http1 = false;  // the origin asked for that
    bool switching = false;   // to another protocol: HTTP/2 will do if it has extended CONNECT
  };

  // `first` gives the connection that was dialled while the client was still shaking hands, its failure, or null if
  // that one is shared or there is none; it is asked at most once.
  // `first_times` tells of its opening.
  Upstreams(WorkerContext& worker, io::Cancellation& connection, First first,
            std::shared_ptr<const http::OpeningTimes> first_times)
      : worker_(worker), connection_(connection), first_(std::move(first)), first_times_(std::move(first_times)) {}

  // Its send_head() is to follow at once. `cancellation` ends the waiting. After an error, `route.opening` tells how
  // far it came.
  io::Task<Result<std::unique_ptr<http::UpstreamExchange>>> open(Route route, Wish wish,
                                                                 io::Cancellation& cancellation);

  // Authentication is tied to the upstream connection (RFC 4559 §6): from now on one of HTTP/1.1 serves this client
  // connection alone.
  void bind_to_client() {
    if (!bound_) bound_ = std::make_unique<Bound>();
  }

 private:
  io::Task<Result<http::OriginConnectionPtr>> find(Route route, Wish wish, io::Cancellation& cancellation);
  std::unique_ptr<http::UpstreamExchange> begin(http::http2::SharedConnection& shared) const;
  std::unique_ptr<http::UpstreamExchange> over_http1(Route route, http::OriginConnectionPtr connection);

  WorkerContext& worker_;
  io::Cancellation& connection_;
  First first_;
  std::shared_ptr<const http::OpeningTimes> first_times_;
  struct Bound {
    http::OriginConnectionPtr upstream;  // while it is idle
    std::string key;                     // what the connection may be used for
  };
  std::unique_ptr<Bound> bound_;  // null for most
};

}  // namespace sallyport::gateway
