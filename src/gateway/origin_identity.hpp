// What an origin is shown that asks for a client certificate. Any thread.
#pragma once

#include <string>

#include "sallyport/gateway/configuration.hpp"
#include "sallyport/gateway/learnt.hpp"
#include "sallyport/record/log.hpp"
#include "sallyport/tls/tls_stream.hpp"

#include "target.hpp"

namespace sallyport::gateway {

// The identity configured for this name; null: none is.
[[nodiscard]] pki::ClientIdentityPtr identity_configured_for(const Configuration& configuration,
                                                             const std::string& name);

// The configured one; otherwise what [upstream] client_certificate_requested says: nothing, an error that ends the
// handshake, or nothing and a note that the name's next connections are relayed unopened.
[[nodiscard]] Result<tls::Identity> identity_for_origin(const Configuration& configuration, const Target& target,
                                                        Learnt& learnt, record::Log& log);

}  // namespace sallyport::gateway
