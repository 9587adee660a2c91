#include "replays.hpp"

#include <utility>

#include "sallyport/crypto/sha256.hpp"
#include "sallyport/gateway/lifetime.hpp"

#include "forward.hpp"

namespace sallyport::gateway {
namespace {

constexpr std::size_t most_at_once = 8;
// A response may go on for ever, and somebody waits for what came of it.
constexpr std::chrono::seconds longest{30};

// A body that is here already.
class KeptSource final : public http::BodySource {
 public:
  explicit KeptSource(const std::string& body) : left_(bytes_of(body)) {}

  io::Task<Result<ByteView>> read() override { co_return std::exchange(left_, {}); }
  void stop() override { left_ = {}; }
  [[nodiscard]] bool has_buffered() override { return true; }
  [[nodiscard]] http::Fields& trailers() override { return trailers_; }

 private:
  ByteView left_;
  http::Fields trailers_;
};

// Takes the response in the client's place, and keeps of its body what can be compared.
class ComparedResponse final : public http::ResponseSink {
 public:
  io::Task<Result<void>> send_interim(const http::ResponseHead& /*head*/) override { co_return Result<void>(); }
  io::Task<Result<void>> send_head(const http::ResponseHead& head, http::BodyShape /*body*/) override {
    head_sent_ = true;
    fields_ = head.fields;
    co_return Result<void>();
  }
  io::Task<Result<void>> send_body(ByteView part) override {
    bytes_ += part.size();
    sum_.add(part);
    co_return Result<void>();
  }
  io::Task<Result<void>> flush() override { co_return Result<void>(); }
  io::Task<Result<void>> finish(const http::Fields& /*trailers*/) override { co_return Result<void>(); }
  io::Task<Result<io::Stream*>> take_over(const http::ResponseHead& /*head*/, std::string_view /*protocol*/) override {
    co_return fail(ErrorKind::unsupported, "a replay switches to no other protocol");
  }
  void cut_off() override {}
  void end_connection_after() override {}
  [[nodiscard]] bool head_sent() const override { return head_sent_; }
  [[nodiscard]] std::uint64_t body_bytes() const override { return bytes_; }

  void tell(ReplayResult& result) {
    result.fields = std::move(fields_);
    result.body_bytes = bytes_;
    result.body_sha256 = sum_.hex();
  }

 private:
  http::Fields fields_;
  crypto::Sha256Sum sum_;
  std::uint64_t bytes_ = 0;
  bool head_sent_ = false;
};

// As if its client had just sent it.
Session session_of(const ReplayOrder& order) {
  Session session;
  session.plain = order.plain;
  session.arrival.door = order.transparent ? Door::transparent : Door::proxy;
  session.arrival.client = order.client;
  session.target.name = order.authority.host;
  session.target.is_address = order.authority.address.has_value();
  session.target.port = order.authority.port.value_or(order.plain ? 80 : 443);
  session.target.endpoint = order.endpoint;
  if (session.target.is_address) session.target.endpoint = Endpoint{*order.authority.address, session.target.port};
  if (order.endpoint && !order.authority.port) session.target.port = order.endpoint->port;
  if (!order.plain) session.tls_client = "replayed";
  session.notes.emplace_back("replay_of", order.of);
  return session;
}

}  // namespace

struct Replays::Running {
  Running(Replays& given_owner, ReplayOrder given_order, Tell given_tell)
      : owner(given_owner),
        order(std::move(given_order)),
        tell(std::move(given_tell)),
        deadline(given_owner.worker_.loop, &Running::on_deadline, this) {
    deadline.arm(given_owner.worker_.loop.now() + longest);
  }
  static void on_deadline(void* self) {
    static_cast<Running*>(self)->lifetime.end(
        {ErrorKind::timed_out, "the replay was ended after " + std::to_string(longest.count()) + " s"});
  }

  Replays& owner;
  std::list<Running>::iterator position;
  ReplayOrder order;
  Tell tell;
  Lifetime lifetime;
  io::Timer deadline;
  std::optional<io::StartedTask<void>> task;
};

Replays::Replays(WorkerContext& worker, std::function<void()> on_empty)
    : worker_(worker), on_empty_(std::move(on_empty)) {}
Replays::~Replays() = default;

void Replays::start(ReplayOrder order, Tell tell) {
  if (running_.size() >= most_at_once) {
    tell({.refusal = std::to_string(most_at_once) + " replays are under way: wait for one to end"});
    return;
  }
  const auto running = running_.emplace(running_.end(), *this, std::move(order), std::move(tell));
  running->position = running;
  running->task.emplace(run(*running));
}

void Replays::end(const Error& why) {
  for (Running& running : running_) running.lifetime.end(why);
}

io::Task<void> Replays::run(Running& running) {
  WorkerContext& worker = running.owner.worker_;
  ReplayOrder& order = running.order;
  const Session session = session_of(order);
  ReplayResult result;
  const policy::Verdict verdict =
      worker.generation.configuration->policy->judge(session.target.name, session.arrival.client.address);
  if (verdict.action == policy::Action::passthrough) {
    result.refusal = session.target.name + " is passed through now (" + verdict.rule.name() +
                     "): what is said with it is its client's alone";
  } else {
    Forwarder forwarder(worker, running.lifetime, session, nullptr, nullptr);
    forwarder.copy_record_to(result.record);
    KeptSource body(order.body);
    ComparedResponse response;
    const std::vector<std::string> no_upgrade;
    http::Exchange exchange{
        .request = order.request,
        .request_shape = order.body.empty() ? http::BodyShape::none() : http::BodyShape::sized(order.body.size()),
        .request_body = body,
        .response = response,
        .upgrade = no_upgrade,
        .protocol = "http/1.1"};
    co_await forwarder.handle(exchange);
    response.tell(result);
  }
  running.tell(std::move(result));
  // From the loop: the task itself has to end first.
  worker.loop.make_ready(&Replays::remove, &running);
}

void Replays::remove(void* ended) {
  const auto& running = *static_cast<Running*>(ended);
  Replays& owner = running.owner;
  owner.running_.erase(running.position);
  if (owner.running_.empty()) owner.on_empty_();
}

}  // namespace sallyport::gateway
