#include "sallyport/crypto/p256.hpp"

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::crypto {

const EC_GROUP* p256() {
  static const EC_GROUP* const group = [] {
    EC_GROUP* const made = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    if (made != nullptr) EC_GROUP_set_asn1_flag(made, OPENSSL_EC_NAMED_CURVE);
    return made;
  }();
  return group;
}

}  // namespace sallyport::crypto
