// X509_set_pubkey on a key that lives in a provider encodes it and decodes it again, which costs more than all
// the rest of a leaf together (128 µs of 170 µs with OpenSSL 3.0). A key that is still an EC_KEY takes 3 µs, and
// moves to the provider at its first signature for 13 µs. Only this file needs the functions deprecated for it.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "p256_key.hpp"

#include <memory>

namespace sallyport::pki {

namespace {

using crypto::Freer;
using EcKeyPtr = std::unique_ptr<EC_KEY, Freer<EC_KEY_free>>;
using EcGroupPtr = std::unique_ptr<EC_GROUP, Freer<EC_GROUP_free>>;

// Copying a group is half the price of building it by name.
const EC_GROUP* p256() {
  static const EcGroupPtr group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  return group.get();
}

}  // namespace

crypto::PkeyPtr new_p256_key() {
  EcKeyPtr ec(EC_KEY_new());
  crypto::PkeyPtr key(EVP_PKEY_new());
  if (ec == nullptr || key == nullptr || EC_KEY_set_group(ec.get(), p256()) != 1) return nullptr;
  if (EC_KEY_generate_key(ec.get()) != 1 || EVP_PKEY_assign_EC_KEY(key.get(), ec.get()) != 1) return nullptr;
  static_cast<void>(ec.release());  // the EVP_PKEY owns it now
  return key;
}

}  // namespace sallyport::pki
