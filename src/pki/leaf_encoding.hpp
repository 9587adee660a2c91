// A leaf's certificate, written as DER (RFC 5280 §4.1), signed, and read by OpenSSL.
//
// A certificate that OpenSSL builds, it encodes three times until it has been shown once, and at each handshake after
// that: 45,000 instructions each time, besides those for a hundred objects that have to be made first. Of what it has
// read it keeps the encoding. What a leaf has in common with others is encoded by OpenSSL, once.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"
#include "sallyport/pki/issuer.hpp"

namespace sallyport::pki {

struct LeafContents {
  const std::vector<std::string>& names;  // checked: host names and addresses; the first one is the common name
  std::chrono::sys_seconds from, to;
};

// Any thread. `key`: the leaf's. Error: system (OpenSSL failed, random numbers included).
[[nodiscard]] Result<crypto::X509Ptr> make_leaf_certificate(const Issuer& issuer, const LeafContents& contents,
                                                            EVP_PKEY* key);

}  // namespace sallyport::pki
