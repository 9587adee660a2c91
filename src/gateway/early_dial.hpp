// EarlyDial: the origin is dialled while the client still shakes hands.
//
// Lives in the frame that intercepts, which awaits end() before it lets go of it; one worker's thread.
#pragma once

#include <memory>
#include <optional>

#include "origin_dialer.hpp"

namespace sallyport::gateway {

class EarlyDial {
 public:
  EarlyDial(WorkerContext& worker, io::Cancellation& cancellation, Route route)
      : worker_(worker), dialer_(worker, cancellation), pending_(std::make_unique<Pending>(std::move(route))) {}

  // An idle connection serves as well.
  void start();
  // Of a dial that was started: until facts() or error() is there. A shared connection may be full or gone before its
  // turn comes; then another one is made.
  io::Task<void> wait_for_facts();
  // The connection, or why there is none; null where it is shared, none was started, the rules have changed since, or
  // it was lost. At most one call: nothing is known here afterwards, and an idle connection keeps nothing of it.
  io::Task<Result<http::OriginConnectionPtr>> take();
  // What nobody took may serve the client's next connection. Call it once the cancellation has fired, or the dial is
  // waited for.
  io::Task<void> end();

  // After wait_for_facts(), until the loop goes on: what is known of the origin from the connection, or the failure. Of
  // both there is none where no connection can be had.
  [[nodiscard]] const http::OriginFacts* facts() const;
  [[nodiscard]] const std::optional<Error>& error() const { return pending_->error; }
  [[nodiscard]] bool under_way() const { return pending_ && pending_->opening; }
  // Before take().
  [[nodiscard]] const Route& route() const { return pending_->route; }

 private:
  struct Pending {
    explicit Pending(Route given) : route(std::move(given)) {}
    Route route;
    http::OriginConnectionPtr idle;
    std::optional<Error> error;
    std::optional<io::StartedTask<Result<http::OriginConnectionPtr>>> opening;
  };

  // Until the dial has come to something; at once where none was started.
  io::Task<void> wait();

  WorkerContext& worker_;
  OriginDialer dialer_;
  std::unique_ptr<Pending> pending_;  // null once it is taken
};

}  // namespace sallyport::gateway
