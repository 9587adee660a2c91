// Replays: the requests of the past that one worker sends once more, each an exchange of its own.
//
// Owned by the worker, on its thread; destroyed once it is empty.
#pragma once

#include <functional>
#include <list>

#include "sallyport/gateway/replay.hpp"

#include "worker_context.hpp"

namespace sallyport::gateway {

class Replays {
 public:
  using Tell = std::function<void(ReplayResult)>;

  // `on_empty` is called from the loop whenever the last one has ended.
  Replays(WorkerContext& worker, std::function<void()> on_empty);
  ~Replays();
  Replays(const Replays&) = delete;
  Replays& operator=(const Replays&) = delete;

  // `tell` is called once it is over, or was not begun because too many are under way.
  void start(ReplayOrder order, Tell tell);
  // Ends all of them with `why`.
  void end(const Error& why);
  [[nodiscard]] bool empty() const { return running_.empty(); }

 private:
  struct Running;

  static io::Task<void> run(Running& running);
  static void remove(void* ended);

  WorkerContext& worker_;
  std::function<void()> on_empty_;
  std::list<Running> running_;
};

}  // namespace sallyport::gateway
