#include "origin_probes.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "sallyport/io/notification.hpp"

#include "origin_dialer.hpp"
#include "worker_context.hpp"

namespace sallyport::gateway {

struct OriginProbes::Probe {
  std::vector<io::Notification*> waiting;
  std::optional<Result<void>> outcome;

  void end(Result<void> with) {
    outcome = std::move(with);
    for (io::Notification* const told : waiting) told->notify();
  }

  static io::Task<void> wait(std::shared_ptr<Probe> probe, io::EventLoop& loop, io::Cancellation& cancellation) {
    io::Notification told(loop);
    const io::Cancellation::Watch watch(
        cancellation, [](void* waiting, const Error&) { static_cast<io::Notification*>(waiting)->notify(); }, &told);
    probe->waiting.push_back(&told);
    co_await told.wait_until();
    std::erase(probe->waiting, &told);
  }
};

OriginProbes::OriginProbes() = default;
OriginProbes::~OriginProbes() = default;

io::Task<Result<void>> OriginProbes::prove(WorkerContext& worker, io::Cancellation& cancellation, Route route,
                                           OriginProofs::Claim claim, http::OriginConnectionPtr& connection) {
  OriginProofs& proofs = worker.shared.learnt->proofs;
  // What one client offers may make a probe fail that another one's would not.
  std::string key = OriginProofs::key_of(claim);
  for (const std::string& protocol : route.alpn) key += '|' + protocol;
  for (;;) {
    if (cancellation.cancelled()) co_return std::unexpected(cancellation.why());
    if (proofs.proved(claim, worker.loop.now())) co_return Result<void>();
    const auto running = under_way_.find(key);
    if (running == under_way_.end()) break;
    const std::shared_ptr<Probe> probe = running->second;
    co_await Probe::wait(probe, worker.loop, cancellation);
    // One that ended with its own client's connection says nothing of the origin.
    if (probe->outcome && (*probe->outcome || probe->outcome->error().kind != ErrorKind::cancelled)) {
      co_return *probe->outcome;
    }
  }
  const auto probe = std::make_shared<Probe>();
  under_way_.emplace(key, probe);
  OriginDialer dialer(worker, cancellation);
  const Result<std::chrono::seconds> proved = co_await dialer.prove(std::move(route), std::move(connection));
  under_way_.erase(key);
  if (proved) proofs.remember(claim, *proved, worker.loop.now());
  if (proved) {
    probe->end({});
  } else if (cancellation.cancelled()) {
    probe->end(fail(ErrorKind::cancelled, cancellation.why().reason));
  } else {
    probe->end(std::unexpected(proved.error()));
  }
  co_return *probe->outcome;
}

}  // namespace sallyport::gateway
