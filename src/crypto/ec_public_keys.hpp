// How the direct way (direct_keys.hpp) reads and writes EC public keys: by OpenSSL's own steps, except that the curve
// P-256 is made once.
//
// OpenSSL builds the parameters of a curve anew for each key that it reads, for 127,000 of the 150,000 instructions
// that reading a P-256 key takes. To copy them takes 7,000.
#pragma once

#include <openssl/evp.h>

namespace sallyport::crypto {

// OpenSSL's methods for EC keys, with reading and writing of public ones replaced. Owned by the caller, or by the
// ENGINE that tells of it. Null: out of memory. Any thread.
[[nodiscard]] EVP_PKEY_ASN1_METHOD* new_ec_public_key_methods();

}  // namespace sallyport::crypto
