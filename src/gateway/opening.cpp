#include "opening.hpp"

#include "origin_dialer.hpp"

namespace sallyport::gateway {
namespace {

// What no rule in the policy file says, but a setting together with what was seen before.
policy::Verdict passed_by(std::string_view section, std::string_view setting) {
  return {policy::VerdictName::passed_through, policy::Action::passthrough, {section, setting, {}, 0}, nullptr};
}

std::optional<policy::Verdict> learnt_verdict(const WorkerContext& worker, const Generation& generation,
                                              const Session& session, bool offers_ech) {
  const config::Settings& settings = generation.configuration->settings;
  Learnt& learnt = *worker.shared.learnt;
  const std::string& name = session.target.name;
  // Behind an encrypted name another one could be reached, which is nobody's to learn.
  if (offers_ech || generation.configuration->policy->never_learns(name)) return std::nullopt;
  if (settings.upstream.client_certificate_requested == config::ClientCertificateRequested::passthrough &&
      learnt.demands.holds(name, session.target.port, worker.loop.now())) {
    return passed_by("upstream", "client_certificate_requested");
  }
  if (!settings.pinning.learn_passthrough) return std::nullopt;
  const unsigned refusals = learnt.pinned.refusals(session.pinning_key(), worker.loop.now());
  if (refusals < settings.pinning.learn_after) return std::nullopt;
  return passed_by("pinning", "learn_passthrough");
}

}  // namespace

io::Task<Opening> decide_opening(WorkerContext& worker, Lifetime& lifetime, const Generation& generation,
                                 Session& session, const wire::ClientHello& hello) {
  const policy::PolicySnapshot& policy = *generation.configuration->policy;
  const Target& target = session.target;
  Opening opening;
  opening.verdict = policy.judge(target.name, session.arrival.client.address);
  if (opening.verdict.action == policy::Action::intercept && opening.verdict.rewrite == nullptr) {
    opening.verdict = learnt_verdict(worker, generation, session, hello.offers_ech()).value_or(opening.verdict);
  }
  // An address that nobody put a name to is where the connection goes anyway.
  const bool to_be_proved = opening.verdict.action == policy::Action::passthrough && target.contradiction.empty() &&
                            !target.is_address && policy.proof() == policy::Proof::probe;
  if (!to_be_proved) co_return opening;

  Route route = route_of(generation, target, session.arrival, opening.verdict);
  OriginDialer dialer(worker, lifetime.cancellation());
  opening.origin = co_await dialer.dial(route);
  if (!opening.origin) co_return opening;
  const Endpoint address = (*opening.origin)->facts().dialled;
  // The address that DNS gave now, so that what is proved is what is relayed to.
  route.target.endpoint = address;
  // Some servers end the handshake where none of their protocols is offered.
  route.alpn = hello.alpn;
  const OriginProofs::Claim claim{address, target.name, generation.configuration->trust->generation()};
  const Result<void> proved =
      co_await worker.probes.prove(worker, lifetime.cancellation(), route, claim, *opening.origin);
  if (proved && !*opening.origin) opening.origin = co_await dialer.dial(std::move(route));
  if (proved || lifetime.cancellation().cancelled()) co_return opening;

  session.unproved = true;
  session.notes.emplace_back("proof", proved.error().reason);
  worker.log().warning(session.arrival.client.to_string() + " is not passed through to " + target.name + ", which " +
                       address.to_string() + " has not proved to be: " + proved.error().reason);
  opening.verdict = policy.judge_opened(target.name);
  opening.origin = nullptr;
  co_return opening;
}

}  // namespace sallyport::gateway
