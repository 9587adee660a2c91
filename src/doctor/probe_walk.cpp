#include "probe_walk.hpp"

#include <thread>

#include "sallyport/base/text.hpp"
#include "sallyport/doctor/gather.hpp"

#include "signals_wait.hpp"

namespace sallyport::doctor {
namespace {

using namespace std::chrono_literals;

constexpr const char* probe_name = "probe.sallyport.internal";
constexpr auto connect_patience = 2500ms;  // for a SYN and the one after it
constexpr auto answer_patience = 6s;
constexpr auto settling = 5s;  // until the daemon knows the new interface
constexpr auto between_attempts = 100ms;

}  // namespace

std::string name_of_probe(const Family& family) {
  return family.is_v4() ? "probe" : std::string("probe ") + family.name;
}

void ProbeWalk::reached(const char* hop, std::string says) {
  findings_.push_back({name_of_probe(family_) + ": " + hop, Severity::fine, std::move(says), "", ""});
}

bool ProbeWalk::stopped(const char* hop, Severity severity, std::string says, std::string mend) {
  findings_.push_back({name_of_probe(family_) + ": " + hop, severity, std::move(says), std::move(mend), ""});
  return false;
}

bool ProbeWalk::not_sent(const Error& error) {
  findings_.push_back({name_of_probe(family_), Severity::note, "not sent: " + printable(error.reason), "", ""});
  return false;
}

bool ProbeWalk::stopped_by_suspect(const char* hop, const std::string& says, const Suspects::Suspect& otherwise) {
  const Suspects::Suspect suspect = suspects_->name_one();
  const Suspects::Suspect& named = suspect.says.empty() ? otherwise : suspect;
  return stopped(hop, Severity::failure, named.says.empty() ? says : says + ": " + named.says, named.mend);
}

bool ProbeWalk::prepare() {
  const std::vector<std::uint16_t>& ports = context_.settings.gateway.ports;
  if (!ports.empty()) port_ = ports.front();
  Result<std::unique_ptr<ProbePath>> path = ProbePath::create(network_, family_);
  if (!path) return not_sent(path.error());
  path_ = std::move(*path);
  // Read anew: another doctor may have been here.
  const Result<FirewallRules> rules = read_firewall(family_.save());
  const Result<void> steered =
      rules ? path_->steer(context_, *rules, port_) : Result<void>(std::unexpected(rules.error()));
  if (!steered) return stopped("rule", Severity::failure, printable(steered.error().reason), context_.put_rules_up());
  Result<UniqueFd> listener = path_->origin_socket(port_);
  if (!listener) return not_sent(listener.error());
  origin_ = std::make_unique<ProbeOrigin>(std::move(*listener));
  suspects_.emplace(context_, family_);
  return true;
}

// The SYN leaves the client, is counted by our rule, and is answered by the daemon's listener.
bool ProbeWalk::connect() {
  doing_("a client connects");
  Result<UniqueFd> socket = path_->client_socket();
  if (!socket) return not_sent(socket.error());
  const Result<void> connected = connect_within(*socket, {path_->origin(), port_}, connect_patience);
  const Result<FirewallRules> rules = read_firewall(family_.save());
  const std::uint64_t counted = rules ? ProbePath::steered(*rules) : 0;
  if (counted == 0) {
    return stopped_by_suspect("rule",
                              std::string("the client's ") + family_.name + " packets do not come as far as our rule",
                              {"is our chain still the first of PREROUTING?", context_.put_rules_up()});
  }
  reached("rule", "our rule has counted the client's packets");
  if (!connected) {
    return stopped_by_suspect("listener",
                              std::string("nothing answers the client over ") + family_.name + " (" +
                                  printable(connected.error().reason) + ")",
                              {"our rule has them, and the listener does not", context_.put_rules_up()});
  }
  connection_ = std::move(*socket);
  return true;
}

void ProbeWalk::converse_with_daemon() {
  doing_("the client waits for its answer");
  const auto deadline = std::chrono::steady_clock::now() + settling;
  for (;;) {
    conversation_ = converse(std::move(connection_), probe_name, trust_, answer_patience);
    // Until the daemon has heard of the interface, its clients are strangers, who are reset.
    const bool stranger = conversation_.handshake && conversation_.handshake->kind == ErrorKind::reset;
    if (!stranger || std::chrono::steady_clock::now() > deadline || SignalsWait::interrupted()) return;
    std::this_thread::sleep_for(between_attempts);
    Result<UniqueFd> socket = path_->client_socket();
    if (!socket || !connect_within(*socket, {path_->origin(), port_}, connect_patience)) return;
    connection_ = std::move(*socket);
  }
}

void ProbeWalk::judge_handshake(const Error& error) {
  const ProbeOrigin::Seen seen = origin_->seen();
  const std::string reason = printable(error.reason);
  if (error.kind == ErrorKind::certificate) {
    reached("listener", "the daemon has taken the connection");
    stopped("leaf", Severity::failure, "the CA of the settings does not stand for the leaf: " + reason,
            context_.this_command("reload"));
  } else if (error.kind == ErrorKind::reset && !seen.peer) {
    reached("listener", "somebody has taken the connection");
    stopped("leaf", Severity::failure, "the daemon ends the connection before TLS; its log says why",
            "journalctl -u sallyportd -n 20");
  } else if (!seen.name.empty() && context_.settings.upstream.invalid_origin != config::InvalidOrigin::alert) {
    // The origin's own alert: its bytes went through.
    stopped("leaf", Severity::note,
            "the client's own TLS session has come to the origin: policy passes it through unopened, or it was not "
            "steered");
  } else if (!seen.name.empty()) {
    reached("listener", "the daemon has taken the connection");
    stopped("leaf", Severity::note, "no leaf is shown before the origin has one: invalid_origin is alert");
    judge_origin();
  } else {
    stopped_by_suspect("leaf", std::string("there is no TLS session over ") + family_.name + " (" + reason + ")",
                       {"the daemon's log says more", "journalctl -u sallyportd -n 20"});
  }
}

// Who dialled the origin, and for whom.
void ProbeWalk::judge_origin() {
  const ProbeOrigin::Seen seen = origin_->seen();
  if (!seen.peer) {
    stopped_by_suspect("origin",
                       std::string("the daemon's ") + family_.name + " connection does not arrive at the origin",
                       {"what stands in OUTPUT or POSTROUTING?", family_.save() + " --counters"});
    return;
  }
  const bool as_client = seen.peer->address == path_->client();
  if (!as_client && context_.settings.upstream.source_address == config::SourceAddress::client) {
    stopped("origin", Severity::warning,
            "the origin sees " + seen.peer->address.to_string() +
                " in place of the client's address: a NAT rule "
                "translates it, or the daemon's log says why it used its own");
  } else {
    reached("origin", std::string("the daemon has dialled it, from ") +
                          (as_client ? "the client's address" : "the gateway's address"));
  }
  if (seen.name != probe_name) {
    stopped_by_suspect("answer", "the origin gets no ClientHello, or its answers do not come back",
                       {"replies to the client's address must come back to this machine", context_.put_rules_up()});
  }
}

void ProbeWalk::judge_response() {
  reached("listener", "the daemon has taken the connection");
  reached("leaf", "it shows a leaf that the CA stands for");
  if (conversation_.status == 403) {
    stopped("policy", Severity::note, "policy blocks the probe's name, so that nothing was dialled");
    return;
  }
  judge_origin();
  if (findings_.back().severity == Severity::failure) return;
  // The origin declines on purpose; that the client reads so is the whole way there and back.
  if (conversation_.status == 502) {
    reached("response", "the client has read what came of it");
  } else {
    stopped("response", Severity::failure,
            conversation_.status == 0 ? "the client gets no response: " + printable(conversation_.reason)
                                      : "the client gets status " + std::to_string(conversation_.status),
            "journalctl -u sallyportd -n 20");
  }
}

Findings ProbeWalk::go() {
  if (!prepare() || SignalsWait::interrupted() || !connect() || SignalsWait::interrupted()) return std::move(findings_);
  converse_with_daemon();
  if (conversation_.handshake) {
    judge_handshake(*conversation_.handshake);
  } else {
    judge_response();
  }
  return std::move(findings_);
}

}  // namespace sallyport::doctor
