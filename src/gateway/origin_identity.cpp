#include "origin_identity.hpp"

namespace sallyport::gateway {

pki::ClientIdentityPtr identity_configured_for(const Configuration& configuration, const std::string& name) {
  const std::optional<std::size_t> number = configuration.policy->client_certificate_of(name);
  return number ? configuration.client_identities.at(*number) : nullptr;
}

Result<tls::Identity> identity_for_origin(const Configuration& configuration, const Target& target, Learnt& learnt,
                                          record::Log& log) {
  const std::string& name = target.name;
  using enum config::ClientCertificateRequested;
  if (const pki::ClientIdentityPtr identity = identity_configured_for(configuration, name)) {
    return tls::Identity{identity->certificate(), identity->key(), identity->chain()};
  }
  switch (configuration.settings.upstream.client_certificate_requested) {
    case none:
      break;
    case refuse:
      return fail(ErrorKind::tls,
                  "the origin asks for a client certificate, and this gateway has none for it "
                  "([upstream] client_certificate_requested = refuse)");
    case passthrough:
      if (configuration.policy->never_learns(name)) break;
      if (learnt.demands.remember(name, target.port, std::chrono::steady_clock::now())) {
        log.info("the origin of " + name +
                 " asks for a client certificate: its next connections are relayed unopened "
                 "([upstream] client_certificate_requested = passthrough)");
      }
      break;
  }
  return tls::Identity{};
}

}  // namespace sallyport::gateway
