// EarlyDial: the origin is dialled while the client still shakes hands.
//
// Lives in the frame that intercepts, which awaits end() before it lets go of it; one worker's thread.
#pragma once

#include <optional>

#include "origin_dialer.hpp"

namespace sallyport::gateway {

class EarlyDial {
 public:
  EarlyDial(WorkerContext& worker, io::Cancellation& cancellation, Route route)
      : worker_(worker), dialer_(worker, cancellation), route_(std::move(route)) {}

  // An idle connection serves as well.
  void start();
  // Until the dial has come to something; at once where none was started.
  io::Task<void> wait();
  // The connection, or why there is none; null where it is shared, none was started, the rules have changed since, or
  // it was lost.
  io::Task<Result<http::OriginConnectionPtr>> take();
  // What nobody took may serve the client's next connection. Call it once the cancellation has fired, or the dial is
  // waited for.
  io::Task<void> end();

  // After wait(): what is known of the origin from the connection, null without one; and the failure. At most one is
  // there.
  [[nodiscard]] const http::OriginFacts* facts() const;
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] bool under_way() const { return opening_.has_value(); }
  [[nodiscard]] const Route& route() const { return route_; }

 private:
  WorkerContext& worker_;
  OriginDialer dialer_;
  Route route_;
  http::OriginConnectionPtr idle_;
  std::optional<Error> error_;
  std::optional<io::StartedTask<Result<http::OriginConnectionPtr>>> opening_;
};

}  // namespace sallyport::gateway
