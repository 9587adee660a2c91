// EC and RSA keys that OpenSSL 3 reads and uses without its decoders and providers.
//
// A public key in a certificate is decoded by a chain of providers' decoders that is built anew for each one, and moved
// from its own form into a provider's for each use: in a handshake on either side this costs more than the signatures
// themselves (with OpenSSL 3.0 it takes 98 µs to read a P-256 certificate, the direct way 12; RSA 95 and 3). OpenSSL
// goes the direct way of 1.1, in the same library and with the same checks of points and parameters, for kinds of key
// that an ENGINE claims. So there is one that claims them, with OpenSSL's own methods; how EC keys are read and written
// is told by ec_public_keys.hpp.
//
// Where OpenSSL has no engines (4.0, OPENSSL_NO_ENGINE) all this does nothing, and keys are used as OpenSSL likes.
#pragma once

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::crypto {

// For the whole process, once, before a key is read and before there is a second thread. Never overrides: a kind of key
// that somebody else's engine has claimed stays with it. Error: out of memory.
[[nodiscard]] Result<void> use_keys_directly();

// The same key in its direct form. Private keys that were read go through here, since one that lives in a provider
// cannot sign once keys are used directly; what is generated has that form by itself. Keys of other kinds come back as
// they are. Null: `key` was null, or may not leave its provider. Any thread.
[[nodiscard]] PkeyPtr direct(PkeyPtr key);

}  // namespace sallyport::crypto
