// Builds and verifies a chain with OpenSSL, our own rules in between, and tries other paths where the first fails.
//
// OpenSSL builds one path and gives up if that one is bad: an origin that also sends a cross-signed or expired twin
// of its intermediate would be refused though a good path is there (RFC 4158). Function over borrowed objects;
// any thread.
#pragma once

#include <chrono>
#include <string>

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

struct ChainVerdict {
  int code = X509_V_ERR_UNSPECIFIED;  // X509_V_OK: accepted
  std::string reason;                 // why not
  crypto::X509StackPtr chain;         // from the leaf to the anchor; null unless accepted
};

// Everything but the name. `store` carries the purpose, depth and security level. `others` may be null.
[[nodiscard]] ChainVerdict verify_chain(X509_STORE* store, X509* leaf, STACK_OF(X509) * others,
                                        std::chrono::sys_seconds now);

}  // namespace sallyport::pki
