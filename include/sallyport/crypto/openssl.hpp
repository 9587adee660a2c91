// Owning handles for OpenSSL's objects, and its error queue as an Error.
//
// Each handle is a unique_ptr with a stateless deleter; shared ones (SSL_CTX, X509, EVP_PKEY and
// SSL_SESSION count references) are passed on by up_ref(). Raw pointers borrow. The handles are as
// thread-safe as OpenSSL's objects are: immutable X509 and EVP_PKEY may be read from every thread.
#pragma once

#include <memory>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "sallyport/base/result.hpp"

namespace sallyport::crypto {

// To be called before any other use of OpenSSL: no openssl.cnf is read, whatever OPENSSL_CONF names, since such a file
// can loosen what is accepted and load foreign code. Error: OpenSSL did not start.
[[nodiscard]] Result<void> initialise();

// "OpenSSL 3.0.17 1 Jul 2025": the library in use, which an upgrade may have replaced since this was compiled.
[[nodiscard]] std::string_view library_version();

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

inline void free_x509_stack(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }

using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using X509StackPtr = std::unique_ptr<STACK_OF(X509), Freer<free_x509_stack>>;
using X509StorePtr = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using X509StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;
using X509ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Asn1IntegerPtr = std::unique_ptr<ASN1_INTEGER, Freer<ASN1_INTEGER_free>>;
using Asn1OctetsPtr = std::unique_ptr<ASN1_OCTET_STRING, Freer<ASN1_OCTET_STRING_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using Pkcs12Ptr = std::unique_ptr<PKCS12, Freer<PKCS12_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freer<SSL_free>>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, Freer<SSL_SESSION_free>>;

// Memory that OpenSSL allocated for us: an encoding from i2d_…, a text from BN_bn2dec.
inline void free_openssl_bytes(unsigned char* bytes) { OPENSSL_free(bytes); }
using OpensslBytes = std::unique_ptr<unsigned char, Freer<free_openssl_bytes>>;

// A second owner of the same object.
[[nodiscard]] inline X509Ptr up_ref(X509* certificate) {
  X509_up_ref(certificate);
  return X509Ptr(certificate);
}
[[nodiscard]] inline PkeyPtr up_ref(EVP_PKEY* key) {
  EVP_PKEY_up_ref(key);
  return PkeyPtr(key);
}
[[nodiscard]] inline SslSessionPtr up_ref(SSL_SESSION* session) {
  SSL_SESSION_up_ref(session);
  return SslSessionPtr(session);
}

// Empties this thread's error queue into one Error: "doing: reason of the first error". Call it right
// after the OpenSSL call that failed.
[[nodiscard]] Error take_error(ErrorKind kind, std::string_view doing);

}  // namespace sallyport::crypto
