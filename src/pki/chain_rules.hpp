// Our own rules for the certificates of a chain, beyond what OpenSSL checks.
//
// They are looked at before any signature is verified, so that no hostile key (a huge modulus, a huge exponent)
// costs us an operation with it. Functions over borrowed certificates; any thread.
#pragma once

#include <string>

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

struct Violation {
  int code = X509_V_OK;  // the X509_V_ERR_… nearest to it, which chooses the alert that is sent
  std::string reason;    // empty: no rule is broken
};

// `chain` from the leaf to the trust anchor. The anchor is trusted for what it is: only its key is judged.
[[nodiscard]] Violation broken_rule(STACK_OF(X509) * chain);

// Whether the extensions can be read at all, once each. OpenSSL finds no issuer for a certificate where they cannot,
// and would call that the issuer's fault.
[[nodiscard]] Violation malformed_extensions(X509* certificate);

}  // namespace sallyport::pki
