#include "leaf_reception.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sallyport/http/request_id.hpp"

namespace sallyport::gateway {
namespace {

// RFC 8446 §6.2: bad_certificate, certificate_unknown, unknown_ca.
constexpr std::array<int, 3> refusing_alerts = {42, 46, 48};
// ech_required (RFC 9849 §6.1.6).
constexpr int ech_required = 121;
// Who dislikes the leaf leaves when it sees it; a connection kept for later (browsers do) is given up much later.
constexpr std::chrono::seconds at_once{10};

}  // namespace

bool is_refusal(const LeafEnd& end) {
  if (!end.shown || end.used) return false;
  if (end.alert >= 0) return std::ranges::find(refusing_alerts, end.alert) != refusing_alerts.end();
  return end.left && end.after < at_once;
}

void LeafReception::used(std::chrono::seconds hold) {
  if (std::exchange(used_, true)) return;
  Learnt& learnt = *worker_.shared.learnt;
  const IpAddress& client = session_.arrival.client.address;
  learnt.pinned.accepted(session_.pinning_key(), hold, worker_.loop.now());
  learnt.trust.taken(client, session_.target.name, std::chrono::system_clock::now());
}

record::ExchangeRecord LeafReception::judge(const tls::TlsStream& client, bool offers_ech,
                                            const Configuration& configuration) {
  Learnt& learnt = *worker_.shared.learnt;
  const io::TimePoint now = worker_.loop.now();
  const IpAddress& address = session_.arrival.client.address;
  record::ExchangeRecord line = session_.record(nullptr);
  if (offers_ech && !used_ && client.peer_alert() == ech_required) {
    const std::string id = http::make_request_id();
    learnt.ech.failed(address, session_.tls_stack.text(), session_.target.name, id, now);
    line.extra.emplace_back("ech_attempt", id);
    line.error = "the client gave up its encrypted name";
    return line;
  }
  const LeafEnd end{.shown = shown_at_.has_value(),
                    .used = used_,
                    .left = client.ended_by_peer(),
                    .alert = client.peer_alert(),
                    .after = std::chrono::duration_cast<std::chrono::seconds>(now - shown_at_.value_or(now))};
  if (!is_refusal(end)) return line;
  const config::Settings::Pinning& settings = configuration.settings.pinning;
  const unsigned refusals = learnt.pinned.refused(session_.pinning_key(), settings.learn, now);
  // Taken by the same program not long ago: a connection that it turned out not to need.
  if (refusals == 0 && end.alert < 0) return line;
  line.error = end.alert >= 0 ? "the client refused our certificate" : "the client left when it saw our certificate";
  line.extra.emplace_back("refusals", std::to_string(refusals));
  learnt.trust.refused(address, session_.target.name, std::chrono::system_clock::now());
  if (refusals == settings.learn_after) announce(refusals, offers_ech, configuration);
  return line;
}

void LeafReception::announce(unsigned refusals, bool offers_ech, const Configuration& configuration) const {
  const config::Settings::Pinning& settings = configuration.settings.pinning;
  const std::string& name = session_.target.name;
  const policy::Verdict verdict = configuration.policy->judge(name, session_.arrival.client.address);
  // What a rule names is no candidate.
  const bool may_be_passed = verdict.action == policy::Action::intercept && verdict.rewrite == nullptr;
  if (!may_be_passed || configuration.policy->never_learns(name)) return;
  std::string sentence = "a program on " + session_.arrival.client.address.to_string() + " (JA4 " +
                         std::string(session_.ja4.text()) + ") refused our certificate for " + name + " " +
                         std::to_string(refusals) + " times and never took it; it may accept its server's own alone. ";
  if (settings.learn_passthrough && offers_ech) {
    sentence +=
        "Its hellos may hide another name (ECH), so they are opened all the same. To relay this name unopened, in "
        "policy.ini: ";
  } else if (settings.learn_passthrough) {
    sentence += "For " + std::to_string(settings.learn.count()) +
                " s its connections to this name are relayed unopened. To do so for everyone, in policy.ini: ";
  } else {
    sentence += "To relay this name unopened, in policy.ini: ";
  }
  worker_.log().warning(sentence + "\"[passthrough]\", and in the next line \"domain = " + name + "\"");
}

}  // namespace sallyport::gateway
