// What both roles have in common: versions, suites, groups, modes.
#pragma once

#include <string>
#include <vector>

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::tls {

// TLS 1.2 and 1.3, forward secret AEAD suites, no renegotiation, no compression, buffers released at idle.
// Error: OpenSSL refused one of them.
Result<crypto::SslCtxPtr> new_context(const SSL_METHOD* method);

// The wire form of a protocol list (RFC 7301 §3.1). Each name has 1 to 255 bytes.
std::vector<unsigned char> alpn_wire_format(const std::vector<std::string>& protocols);

}  // namespace sallyport::tls
