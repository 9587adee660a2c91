// What is read from certificates and keys, in values of our own: dates, digests, names for people.
//
// Functions over borrowed objects; any thread. Certificates are only read, though OpenSSL's signatures are
// not always const.
#pragma once

#include <chrono>
#include <string>

#include "sallyport/crypto/openssl.hpp"
#include "sallyport/crypto/sha256.hpp"

namespace sallyport::crypto {

// The system's wall clock, in whole seconds, as certificates count.
[[nodiscard]] std::chrono::sys_seconds wall_clock();

// The ends of a certificate's validity (RFC 5280 §4.1.2.5), both inclusive. A date that cannot be read is
// answered with the end that makes the certificate invalid: far future for the start, 1970 for the end.
[[nodiscard]] std::chrono::sys_seconds not_before(const X509* certificate);
[[nodiscard]] std::chrono::sys_seconds not_after(const X509* certificate);

// UTCTime before 2050 and GeneralizedTime from then on, as RFC 5280 §4.1.2.5 wants. False: out of memory.
[[nodiscard]] bool set_validity(X509* certificate, std::chrono::sys_seconds from, std::chrono::sys_seconds to);

// SHA-256 of the DER encoding.
[[nodiscard]] Sha256 fingerprint(const X509* certificate);
// SHA-256 of the SubjectPublicKeyInfo: the identity of a key, whatever certificate carries it.
[[nodiscard]] Sha256 public_key_fingerprint(const X509* certificate);

// RFC 2253 text, with what is not printable ASCII escaped. Empty for an empty name.
[[nodiscard]] std::string text_of(const X509_NAME* name);
// "RSA-4096", "P-256", "Ed25519", …
[[nodiscard]] std::string kind_of(const EVP_PKEY* key);
// The NID of an EC key's named curve; NID_undef for other keys and for curves given by their parameters.
[[nodiscard]] int curve_of(const EVP_PKEY* key);
// "AB:CD:…", as browsers show fingerprints.
[[nodiscard]] std::string colon_hex(const Sha256& digest);

}  // namespace sallyport::crypto
