// A fresh P-256 key of the kind that is cheap to put into a certificate.
#pragma once

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

// Null: OpenSSL failed, which means no random numbers or no memory.
[[nodiscard]] crypto::PkeyPtr new_p256_key();

}  // namespace sallyport::pki
