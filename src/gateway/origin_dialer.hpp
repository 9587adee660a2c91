// Dialling origins for one connection: to whom, from which address, over which TLS session, believed or not.
//
// Borrowed by the connection's coroutine; one worker's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/http/origin_connection.hpp"
#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/task.hpp"
#include "sallyport/policy/verdict.hpp"

#include "target.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

struct Route {
  Generation generation;  // whose rules and trust store apply
  Target target;
  Door door = Door::transparent;
  Endpoint client;
  std::optional<Endpoint> rewritten;                   // a rule's target in place of the target's own endpoint
  std::vector<std::string> alpn = {"h2", "http/1.1"};  // offered to the origin, best first
  bool plain = false;                                  // http://: no TLS
  // Kept up to date while a connection is opened for it.
  std::shared_ptr<http::OpeningTimes> opening = std::make_shared<http::OpeningTimes>();

  // Without TLS, nothing but HTTP/1.1 is spoken.
  void speak_plainly();
  // Nothing else is offered.
  void speak_http1();
};

// The route of `target` under a verdict: a rewrite's address, and its port if it names one.
[[nodiscard]] Route route_of(Generation generation, const Target& target, const Arrival& arrival,
                             const policy::Verdict& verdict);

// Everything that two requests must have in common to share a TLS session.
[[nodiscard]] std::string reuse_key(const Route& route);

class OriginDialer {
 public:
  OriginDialer(WorkerContext& worker, io::Cancellation& cancellation) : worker_(worker), cancellation_(cancellation) {}

  // A connection over HTTP/2 that takes one more exchange of this route; null if there is none. Valid until the loop
  // goes on, unless an exchange is begun.
  [[nodiscard]] http::http2::SharedConnection* shared(const Route& route) const;
  // An idle connection that this route may reuse; null if there is none.
  [[nodiscard]] http::OriginConnectionPtr take_idle(const Route& route) const;
  void keep_idle(const Route& route, http::OriginConnectionPtr connection) const;

  // TCP alone. Errors name the destination.
  io::Task<Result<http::OriginConnectionPtr>> dial(Route route);
  // TCP, TLS and the verdict on the origin's certificate. Null: the origin has chosen HTTP/2, and the connection is
  // among the shared ones. TCP alone on a plain route.
  io::Task<Result<http::OriginConnectionPtr>> open(Route route);
  // The same, but an idle connection will do unless a `fresh` one is asked for, and one that is being opened for the
  // same route is waited for if it may come to be shared. Where shared() is null.
  io::Task<Result<http::OriginConnectionPtr>> obtain(Route route, bool fresh);
  // Whether the origin at the other end of `connection`, fresh from dial(), owns the target's name: TLS from the start,
  // until its certificate has been believed and its key has signed, whatever it asks of us then. Gives how long that
  // certificate's chain is valid. The connection is used up.
  io::Task<Result<std::chrono::seconds>> prove(Route route, http::OriginConnectionPtr connection);

 private:
  struct Verification;

  io::Task<Result<std::vector<Endpoint>>> endpoints_of(const Route& route, io::TimePoint deadline);
  [[nodiscard]] std::string connection_key(const Route& route) const;
  [[nodiscard]] CapturedStream* listen_in(const Route& route, io::FdStream& socket) const;
  [[nodiscard]] std::optional<IpAddress> source_for(const Route& route, const Endpoint& destination) const;
  io::Task<Result<http::OriginConnectionPtr>> connect(Route route);
  void share(const Route& route, http::OriginConnectionPtr connection) const;
  Result<std::unique_ptr<tls::TlsStream>> begin_tls(const Route& route, io::Stream& below,
                                                    std::shared_ptr<Verification> verification,
                                                    CapturedStream* captured = nullptr);

  WorkerContext& worker_;
  io::Cancellation& cancellation_;
};

}  // namespace sallyport::gateway
