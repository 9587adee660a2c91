// Keys that are still an EC_KEY, as no provider has them, are quick to write and to share. Only this file needs the
// functions deprecated for it.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "p256_key.hpp"

#include <memory>

#include "sallyport/crypto/p256.hpp"

namespace sallyport::pki {

namespace {

using EcKeyPtr = std::unique_ptr<EC_KEY, crypto::Freer<EC_KEY_free>>;

}  // namespace

crypto::PkeyPtr new_p256_key() {
  EcKeyPtr ec(EC_KEY_new());
  crypto::PkeyPtr key(EVP_PKEY_new());
  if (ec == nullptr || key == nullptr || EC_KEY_set_group(ec.get(), crypto::p256()) != 1) return nullptr;
  if (EC_KEY_generate_key(ec.get()) != 1 || EVP_PKEY_assign_EC_KEY(key.get(), ec.get()) != 1) return nullptr;
  static_cast<void>(ec.release());  // the EVP_PKEY owns it now
  return key;
}

crypto::PkeyPtr put_into(X509* certificate, crypto::PkeyPtr key) {
  EVP_PKEY* const read = X509_get0_pubkey(certificate);
  if (read == nullptr) return nullptr;
  const bool direct_ec = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC && EVP_PKEY_get0_provider(read) == nullptr;
  if (!direct_ec) return X509_set_pubkey(certificate, key.get()) == 1 ? std::move(key) : nullptr;
  const EcKeyPtr into(EVP_PKEY_get1_EC_KEY(read));
  const EcKeyPtr from(EVP_PKEY_get1_EC_KEY(key.get()));
  if (into == nullptr || from == nullptr) return nullptr;
  if (EC_KEY_set_private_key(into.get(), EC_KEY_get0_private_key(from.get())) != 1) return nullptr;
  return crypto::up_ref(read);
}

}  // namespace sallyport::pki
