#include "sallyport/doctor/probe.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "sallyport/base/text.hpp"
#include "sallyport/pki/certificate_authority.hpp"

#include "probe_network.hpp"
#include "probe_walk.hpp"
#include "signals_wait.hpp"

namespace sallyport::doctor {
namespace {

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

Finding not_sent(const Family& family, const std::string& why) {
  return {name_of_probe(family), Severity::note, "not sent: " + why, "", ""};
}

// What keeps a family from being tried that is no mistake; empty: nothing.
std::string why_not(const Context& context, const Family& family) {
  const bool heard = std::ranges::any_of(context.settings.listen.transparent,
                                         [&](const Endpoint& one) { return one.address.is_v4() == family.is_v4(); });
  if (!heard) return std::string("there is no ") + family.name + " listener for TLS";
  if (!family.is_v4() && context.system_number("/proc/sys/net/ipv6/conf/default/disable_ipv6") == 1) {
    return "new interfaces have no IPv6 here (net.ipv6.conf.default.disable_ipv6 is 1)";
  }
  return {};
}

}  // namespace

Findings send_probe(const Context& context, const std::function<void(const char*)>& doing) {
  if (!context.root) return {not_sent(ipv4, "that takes root")};
  if (!context.daemon.answers) return {not_sent(ipv4, "the daemon does not answer")};
  const SignalsWait wait;
  doing("making a client and an origin");
  const Result<pki::TrustStorePtr> trust = trust_in_our_ca(context.settings.ca);
  if (!trust) return {not_sent(ipv4, printable(trust.error().reason))};
  const Result<std::unique_ptr<ProbeNetwork>> network = ProbeNetwork::create();
  if (!network) return {not_sent(ipv4, printable(network.error().reason))};
  Findings findings;
  for (const Family& family : {ipv4, ipv6}) {
    if (!family.is_v4() && !context.has_ipv6()) continue;
    if (SignalsWait::interrupted()) break;
    if (const std::string why = why_not(context, family); !why.empty()) {
      findings.push_back(not_sent(family, why));
    } else {
      std::ranges::move(ProbeWalk(context, **network, *trust, family, doing).go(), std::back_inserter(findings));
    }
  }
  doing("taking them away again");
  return findings;
}

}  // namespace sallyport::doctor
