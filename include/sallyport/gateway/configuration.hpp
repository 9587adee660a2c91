// Configuration: everything that a reload replaces, as one immutable snapshot.
//
// load_configuration() runs at start and at reload on a thread that may wait (files are read, a million names
// may be sorted). The result is shared by all workers; each exchange keeps the one it began with, so that
// a reload never changes the rules under it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/access/credentials.hpp"
#include "sallyport/config/problem.hpp"
#include "sallyport/config/settings.hpp"
#include "sallyport/pki/certificate_authority.hpp"
#include "sallyport/pki/client_identity.hpp"
#include "sallyport/pki/issuer.hpp"
#include "sallyport/pki/trust_store.hpp"
#include "sallyport/policy/policy_snapshot.hpp"
#include "sallyport/tls/server_context.hpp"

namespace sallyport::gateway {

struct Configuration {
  config::Settings settings;
  std::shared_ptr<const policy::PolicySnapshot> policy;
  std::shared_ptr<pki::IssuerSource> issuers;  // the one part with a life of its own: it renews the issuing CA
  pki::TrustStorePtr trust;
  std::vector<pki::ClientIdentityPtr> client_identities;  // by their numbers in the policy
  access::CredentialsPtr credentials;                  // of the explicit proxy's users; null: no password is asked for
  std::shared_ptr<const tls::TicketKeys> ticket_keys;  // new with every load: a ticket is good for one generation
  std::vector<std::string> warnings;                   // sentences for the log, and for `check`
};

using ConfigurationPtr = std::shared_ptr<const Configuration>;

// Reads the INI file at `path` and all it names. Adds every mistake to `problems` and gives null when there was
// any. `credentials_folder`: where systemd put copies of secrets (LoadCredential), empty without systemd; a file there
// with the name of [ca] key, pkcs12 or passphrase_file (`ca.key`) is read in place of that one.
[[nodiscard]] ConfigurationPtr load_configuration(const std::string& path, const std::string& credentials_folder,
                                                  config::Problems& problems);

// The same with the bundles on disk read anew (ca-certificates was updated); everything else is shared with `old`.
[[nodiscard]] Result<ConfigurationPtr> with_fresh_trust(const Configuration& old);

// The same with new ticket keys, so that a stolen one opens the sessions of a few hours (RFC 5077 §5.5).
[[nodiscard]] Result<ConfigurationPtr> with_fresh_ticket_keys(const Configuration& old);

}  // namespace sallyport::gateway
