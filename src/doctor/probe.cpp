#include "sallyport/doctor/probe.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "sallyport/base/text.hpp"
#include "sallyport/doctor/gather.hpp"
#include "sallyport/netfilter/probe_interface.hpp"
#include "sallyport/pki/certificate_authority.hpp"

#include "probe_client.hpp"
#include "probe_network.hpp"
#include "probe_origin.hpp"
#include "suspects.hpp"

namespace sallyport::doctor {
namespace {

using namespace std::chrono_literals;

constexpr const char* probe_name = "probe.sallyport.internal";
constexpr auto connect_patience = 2500ms;  // for a SYN and the one after it
constexpr auto answer_patience = 6s;
constexpr auto settling = 5s;  // until the daemon knows the new interface
constexpr auto between_attempts = 100ms;

// What would end the process has to wait until everything is taken away again.
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~SignalsWait() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

  // One of them waits: the user has had enough.
  [[nodiscard]] static bool interrupted() {
    sigset_t waiting;
    sigpending(&waiting);
    return sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1 ||
           sigismember(&waiting, SIGHUP) == 1 || sigismember(&waiting, SIGQUIT) == 1;
  }

 private:
  sigset_t before_{};
};

// Whom the client believes: our CA alone. The store reads files, and the CA may be in a PKCS#12.
Result<pki::TrustStorePtr> trust_in_our_ca(const config::Settings::Ca& ca) {
  const bool container = !ca.pkcs12.empty();
  const auto described = pki::describe_ca(container ? pki::CaFiles{"", "", ca.pkcs12, ca.passphrase_file}
                                                    : pki::CaFiles{ca.certificate, ca.key, "", ca.passphrase_file});
  if (!described) return std::unexpected(described.error());
  const UniqueFd file(::memfd_create("sallyport-ca", MFD_CLOEXEC));
  const std::string& pem = described->pem;
  if (!file || ::write(file.get(), pem.data(), pem.size()) != static_cast<ssize_t>(pem.size())) {
    return std::unexpected(errno_error("a file in memory", errno));
  }
  return pki::TrustStore::load(
      {.system_ca = false, .system_bundle = {}, .outgoing_ca_bundle = "/proc/self/fd/" + std::to_string(file.get())},
      {});
}

class Probe {
 public:
  Probe(const Context& context, const std::function<void(const char*)>& doing) : context_(context), doing_(doing) {}

  Findings send();

 private:
  bool prepare();
  bool connect();
  bool converse_with_daemon();
  void judge_handshake(const Error& error);
  void judge_origin();
  void judge_response();

  void reached(const char* hop, std::string says) {
    findings_.push_back({hop, Severity::fine, std::move(says), "", ""});
  }
  bool stopped(const char* hop, Severity severity, std::string says, std::string mend = {}) {
    findings_.push_back({hop, severity, std::move(says), std::move(mend), ""});
    return false;
  }
  bool stopped_by_suspect(const char* hop, const std::string& says, const Suspects::Suspect& otherwise);

  const Context& context_;
  const std::function<void(const char*)>& doing_;
  Findings findings_;
  std::uint16_t port_ = 443;
  pki::TrustStorePtr trust_;
  std::unique_ptr<ProbeNetwork> network_;
  std::unique_ptr<ProbeOrigin> origin_;
  std::optional<Suspects> suspects_;
  UniqueFd connection_;
  Conversation conversation_;
};

bool Probe::stopped_by_suspect(const char* hop, const std::string& says, const Suspects::Suspect& otherwise) {
  const Suspects::Suspect suspect = suspects_->name_one();
  const Suspects::Suspect& named = suspect.says.empty() ? otherwise : suspect;
  return stopped(hop, Severity::failure, named.says.empty() ? says : says + ": " + named.says, named.mend);
}

bool Probe::prepare() {
  doing_("making a client and an origin");
  const std::vector<std::uint16_t>& ports = context_.settings.gateway.ports;
  if (!ports.empty()) port_ = ports.front();
  Result<pki::TrustStorePtr> trust = trust_in_our_ca(context_.settings.ca);
  if (!trust) return stopped("probe", Severity::note, "not sent: " + printable(trust.error().reason));
  trust_ = std::move(*trust);
  Result<std::unique_ptr<ProbeNetwork>> network = ProbeNetwork::create();
  if (!network) return stopped("probe", Severity::note, "not sent: " + printable(network.error().reason));
  network_ = std::move(*network);
  // Read anew: another doctor may have been here.
  const Result<FirewallRules> rules = read_firewall("iptables-save");
  const Result<void> steered =
      rules ? network_->steer(context_, *rules, port_) : Result<void>(std::unexpected(rules.error()));
  if (!steered) {
    return stopped("probe: rule", Severity::failure, printable(steered.error().reason), context_.put_rules_up());
  }
  Result<UniqueFd> listener = network_->origin_socket(port_);
  if (!listener) return stopped("probe", Severity::note, "not sent: " + printable(listener.error().reason));
  origin_ = std::make_unique<ProbeOrigin>(std::move(*listener));
  suspects_.emplace(context_);
  return true;
}

// The SYN leaves the client, is counted by our rule, and is answered by the daemon's listener.
bool Probe::connect() {
  doing_("a client connects");
  Result<UniqueFd> socket = network_->client_socket();
  if (!socket) return stopped("probe", Severity::note, "not sent: " + printable(socket.error().reason));
  const Result<void> connected = connect_within(*socket, {network_->origin(), port_}, connect_patience);
  const Result<FirewallRules> rules = read_firewall("iptables-save");
  const std::uint64_t counted = rules ? ProbeNetwork::steered(*rules) : 0;
  if (counted == 0) {
    return stopped_by_suspect("probe: rule", "the client's packets do not come as far as our rule",
                              {"is our chain still the first of PREROUTING?", context_.put_rules_up()});
  }
  reached("probe: rule", "our rule has counted the client's packets");
  if (!connected) {
    return stopped_by_suspect("probe: listener",
                              "nothing answers the client (" + printable(connected.error().reason) + ")",
                              {"our rule has them, and the listener does not", context_.put_rules_up()});
  }
  connection_ = std::move(*socket);
  return true;
}

bool Probe::converse_with_daemon() {
  doing_("the client waits for its answer");
  const auto deadline = std::chrono::steady_clock::now() + settling;
  for (;;) {
    conversation_ = converse(std::move(connection_), probe_name, trust_, answer_patience);
    // Until the daemon has heard of the interface, its clients are strangers, who are reset.
    const bool stranger = conversation_.handshake && conversation_.handshake->kind == ErrorKind::reset;
    if (!stranger || std::chrono::steady_clock::now() > deadline || SignalsWait::interrupted()) return true;
    std::this_thread::sleep_for(between_attempts);
    Result<UniqueFd> socket = network_->client_socket();
    if (!socket || !connect_within(*socket, {network_->origin(), port_}, connect_patience)) return true;
    connection_ = std::move(*socket);
  }
}

void Probe::judge_handshake(const Error& error) {
  const ProbeOrigin::Seen seen = origin_->seen();
  const std::string reason = printable(error.reason);
  if (error.kind == ErrorKind::certificate) {
    reached("probe: listener", "the daemon has taken the connection");
    stopped("probe: leaf", Severity::failure, "the CA of the settings does not stand for the leaf: " + reason,
            context_.this_command("reload"));
  } else if (error.kind == ErrorKind::reset && !seen.peer) {
    reached("probe: listener", "somebody has taken the connection");
    stopped("probe: leaf", Severity::failure, "the daemon ends the connection before TLS; its log says why",
            "journalctl -u sallyportd -n 20");
  } else if (!seen.name.empty() && context_.settings.upstream.invalid_origin != config::InvalidOrigin::alert) {
    // The origin's own alert: its bytes went through.
    stopped("probe: leaf", Severity::note,
            "the client's own TLS session has come to the origin: policy passes it through unopened, or it was not "
            "steered");
  } else if (!seen.name.empty()) {
    reached("probe: listener", "the daemon has taken the connection");
    stopped("probe: leaf", Severity::note, "no leaf is shown before the origin has one: invalid_origin is alert");
    judge_origin();
  } else {
    stopped_by_suspect("probe: leaf", "there is no TLS session (" + reason + ")",
                       {"the daemon's log says more", "journalctl -u sallyportd -n 20"});
  }
}

// Who dialled the origin, and for whom.
void Probe::judge_origin() {
  const ProbeOrigin::Seen seen = origin_->seen();
  if (!seen.peer) {
    stopped_by_suspect("probe: origin", "the daemon's connection does not arrive at the origin",
                       {"what stands in OUTPUT or POSTROUTING?", "iptables-save --counters"});
    return;
  }
  const bool as_client = seen.peer->address == network_->client();
  if (!as_client && context_.settings.upstream.source_address == config::SourceAddress::client) {
    stopped("probe: origin", Severity::warning,
            "the origin sees " + seen.peer->address.to_string() +
                " in place of the client's address: a NAT rule "
                "translates it, or the daemon's log says why it used its own");
  } else {
    reached("probe: origin", std::string("the daemon has dialled it, from ") +
                                 (as_client ? "the client's address" : "the gateway's address"));
  }
  if (seen.name != probe_name) {
    stopped_by_suspect("probe: answer", "the origin gets no ClientHello, or its answers do not come back",
                       {"replies to the client's address must come back to this machine", context_.put_rules_up()});
  }
}

void Probe::judge_response() {
  reached("probe: listener", "the daemon has taken the connection");
  reached("probe: leaf", "it shows a leaf that the CA stands for");
  if (conversation_.status == 403) {
    stopped("probe: policy", Severity::note, "policy blocks the probe's name, so that nothing was dialled");
    return;
  }
  judge_origin();
  if (findings_.back().severity == Severity::failure) return;
  // The origin declines on purpose; that the client reads so is the whole way there and back.
  if (conversation_.status == 502) {
    reached("probe: response", "the client has read what came of it");
  } else {
    stopped("probe: response", Severity::failure,
            conversation_.status == 0 ? "the client gets no response: " + printable(conversation_.reason)
                                      : "the client gets status " + std::to_string(conversation_.status),
            "journalctl -u sallyportd -n 20");
  }
}

Findings Probe::send() {
  if (prepare() && !SignalsWait::interrupted() && connect() && !SignalsWait::interrupted() && converse_with_daemon()) {
    if (conversation_.handshake) {
      judge_handshake(*conversation_.handshake);
    } else {
      judge_response();
    }
  }
  doing_("taking them away again");
  return std::move(findings_);
}

}  // namespace

Findings send_probe(const Context& context, const std::function<void(const char*)>& doing) {
  if (!context.root) return {{"probe", Severity::note, "not sent: that takes root", "", ""}};
  if (!context.daemon.answers) return {{"probe", Severity::note, "not sent: the daemon does not answer", "", ""}};
  const auto& listeners = context.settings.listen.transparent;
  if (std::ranges::none_of(listeners, [](const Endpoint& one) { return one.address.is_v4(); })) {
    return {{"probe", Severity::note, "not sent: there is no IPv4 listener for TLS", "", ""}};
  }
  const SignalsWait wait;
  Probe probe(context, doing);
  return probe.send();
}

}  // namespace sallyport::doctor
