// The key schedule of TLS 1.3 (RFC 8446 §7.1), computed without detours: a provider of OpenSSL's that knows nothing
// else but the HMAC of Finished and of tickets (provided_hmac.hpp).
//
// A handshake derives some 14 secrets, each with four blocks of SHA-2. OpenSSL 3.0 finds the digest by name, copies
// every parameter and sets up an HMAC by way of three more objects for each of them. To do without saves 240,000
// instructions a handshake and side, of the 2.6 million of a handshake as a server. SHA-256 and SHA-384 are known,
// which is what the suites of TLS 1.3 have; every other algorithm is OpenSSL's own.
#pragma once

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::crypto {

// For SSL_CTX_new_ex: prefers what provide_key_schedule() has put up, and does without where it has not.
inline constexpr const char* key_schedule_properties = "?provider=sallyport";

// For the whole process, once, before there is a second thread. Error: OpenSSL could not load the provider.
[[nodiscard]] Result<void> provide_key_schedule();

}  // namespace sallyport::crypto
