// P-256 (secp256r1, prime256v1), made once: its parameters take 127,000 instructions to build and 7,000 to copy.
//
// Any thread; borrowed, and never freed before the process ends.
#pragma once

#include <openssl/ec.h>

namespace sallyport::crypto {

// Encoded by its name. Null: out of memory when it was first asked for.
[[nodiscard]] const EC_GROUP* p256();

}  // namespace sallyport::crypto
