// HMAC for the provider of key_schedule.hpp: what makes and checks TLS's Finished, and seals its tickets.
//
// OpenSSL 3.0 sets up an HMAC by way of six objects and two look-ups by name, for 13,000 instructions more than it
// takes to compute one. A handshake has two of them on each side, and one more for a ticket.
#pragma once

#include <openssl/core.h>

namespace sallyport::crypto {

// For OSSL_OP_MAC. It knows SHA-256 and SHA-384 alone, and is for those who prefer it by the provider's name: everybody
// else gets OpenSSL's own, from the provider that was loaded before.
[[nodiscard]] const OSSL_ALGORITHM* mac_algorithms();

}  // namespace sallyport::crypto
