// The functions that this needs are deprecated: for good where there are no engines any more.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "sallyport/crypto/direct_keys.hpp"

#include <array>

#include <openssl/opensslconf.h>
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "ec_public_keys.hpp"
#endif

namespace sallyport::crypto {

#ifdef OPENSSL_NO_ENGINE

Result<void> use_keys_directly() { return {}; }
PkeyPtr direct(PkeyPtr key) { return key; }

#else

namespace {

using EnginePtr = std::unique_ptr<ENGINE, Freer<ENGINE_free> >;
using EcKeyPtr = std::unique_ptr<EC_KEY, Freer<EC_KEY_free> >;
using RsaPtr = std::unique_ptr<RSA, Freer<RSA_free> >;

// Not RSA-PSS keys, which are rare, and not Ed25519, whose keys have no other form.
constexpr std::array<int, 2> kinds = {EVP_PKEY_EC, EVP_PKEY_RSA};

// As ENGINE_PKEY_METHS_PTR wants it: with `method` null the kinds are asked for, else the methods of one.
int tell_methods(ENGINE* /*engine*/, EVP_PKEY_METHOD** method, const int** claimed, int kind) {
  if (method == nullptr) {
    *claimed = kinds.data();
    return static_cast<int>(kinds.size());
  }
  // OpenSSL itself only reads it, and frees none that is its own.
  *method = const_cast<EVP_PKEY_METHOD*>(EVP_PKEY_meth_find(kind));
  return *method != nullptr ? 1 : 0;
}

constexpr int ec_kind = EVP_PKEY_EC;

// As ENGINE_PKEY_ASN1_METHS_PTR wants it, alike.
int tell_encodings(ENGINE* /*engine*/, EVP_PKEY_ASN1_METHOD** method, const int** claimed, int kind) {
  static EVP_PKEY_ASN1_METHOD* const ours = new_ec_public_key_methods();
  if (method == nullptr) {
    *claimed = &ec_kind;
    return 1;
  }
  *method = kind == ec_kind ? ours : nullptr;
  return *method != nullptr ? 1 : 0;
}

bool claimed_already(int kind) {
  ENGINE* const of_use = ENGINE_get_pkey_meth_engine(kind);
  ENGINE* const of_encoding = ENGINE_get_pkey_asn1_meth_engine(kind);
  for (ENGINE* const other : {of_use, of_encoding}) {
    if (other != nullptr) ENGINE_finish(other);
  }
  return of_use != nullptr || of_encoding != nullptr;
}

// With a direct key OpenSSL asks for a digest by the name that it has among providers. Where that is not known as an
// alias it goes through the whole table of names, which takes 13,000 instructions for each signature.
bool name_digests() {
  return EVP_add_digest_alias(SN_sha256, "SHA2-256") == 1 && EVP_add_digest_alias(SN_sha384, "SHA2-384") == 1 &&
         EVP_add_digest_alias(SN_sha512, "SHA2-512") == 1;
}

}  // namespace

Result<void> use_keys_directly() {
  for (const int kind : kinds) {
    if (claimed_already(kind)) return {};
  }
  const EnginePtr engine(ENGINE_new());
  // As the default of its kinds it stays until OpenSSL tidies up at exit.
  const bool installed = engine != nullptr && ENGINE_set_id(engine.get(), "sallyport") == 1 &&
                         ENGINE_set_name(engine.get(), "keys without providers") == 1 &&
                         ENGINE_set_pkey_meths(engine.get(), tell_methods) == 1 &&
                         ENGINE_set_pkey_asn1_meths(engine.get(), tell_encodings) == 1 &&
                         ENGINE_set_default_pkey_meths(engine.get()) == 1 &&
                         ENGINE_set_default_pkey_asn1_meths(engine.get()) == 1 && name_digests();
  if (!installed) return std::unexpected(take_error(ErrorKind::system, "using keys directly"));
  return {};
}

PkeyPtr direct(PkeyPtr key) {
  if (key == nullptr || EVP_PKEY_get0_provider(key.get()) == nullptr) return key;
  const int kind = EVP_PKEY_get_base_id(key.get());
  if (kind != EVP_PKEY_EC && kind != EVP_PKEY_RSA) return key;
  PkeyPtr made(EVP_PKEY_new());
  if (made == nullptr) return nullptr;
  if (kind == EVP_PKEY_EC) {
    EcKeyPtr ec(EVP_PKEY_get1_EC_KEY(key.get()));
    if (ec == nullptr || EVP_PKEY_assign_EC_KEY(made.get(), ec.get()) != 1) return nullptr;
    static_cast<void>(ec.release());  // `made` owns it now
  } else {
    RsaPtr rsa(EVP_PKEY_get1_RSA(key.get()));
    if (rsa == nullptr || EVP_PKEY_assign_RSA(made.get(), rsa.get()) != 1) return nullptr;
    static_cast<void>(rsa.release());
  }
  return made;
}

#endif

}  // namespace sallyport::crypto
