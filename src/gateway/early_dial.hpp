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
  // Of a dial that was started: until facts() or error() is there. A shared connection may be full or gone before its
  // turn comes; then another one is made.
  io::Task<void> wait_for_facts();
  // The connection, or why there is none; null where it is shared, none was started, the rules have changed since, or
  // it was lost.
  io::Task<Result<http::OriginConnectionPtr>> take();
  // What nobody took may serve the client's next connection. Call it once the cancellation has fired, or the dial is
  // waited for.
  io::Task<void> end();

  // After wait_for_facts(), until the loop goes on: what is known of the origin from the connection, or the failure. Of
  // both there is none where no connection can be had.
  [[nodiscard]] const http::OriginFacts* facts() const;
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] bool under_way() const { return opening_.has_value(); }
  [[nodiscard]] const Route& route() const { return route_; }

 private:
  // Until the dial has come to something; at once where none was started.
  io::Task<void> wait();

  WorkerContext& worker_;
  OriginDialer dialer_;
  Route route_;
  http::OriginConnectionPtr idle_;
  std::optional<Error> error_;
  std::optional<io::StartedTask<Result<http::OriginConnectionPtr>>> opening_;
};

}  // namespace sallyport::gateway
