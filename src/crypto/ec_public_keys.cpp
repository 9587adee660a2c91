// Engines go with the functions that this needs, and are as deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "ec_public_keys.hpp"

#ifndef OPENSSL_NO_ENGINE

#include "sallyport/crypto/openssl.hpp"
#include "sallyport/crypto/p256.hpp"

namespace sallyport::crypto {
namespace {

using EcGroupPtr = std::unique_ptr<EC_GROUP, Freer<EC_GROUP_free>>;
using EcKeyPtr = std::unique_ptr<EC_KEY, Freer<EC_KEY_free>>;
using Asn1StringPtr = std::unique_ptr<ASN1_STRING, Freer<ASN1_STRING_free>>;

EcKeyPtr key_on_named_curve(int curve) {
  EcKeyPtr key(EC_KEY_new());
  if (key == nullptr) return nullptr;
  if (curve == NID_X9_62_prime256v1) return EC_KEY_set_group(key.get(), p256()) == 1 ? std::move(key) : nullptr;
  const EcGroupPtr group(EC_GROUP_new_by_curve_name(curve));
  if (group == nullptr) return nullptr;
  EC_GROUP_set_asn1_flag(group.get(), OPENSSL_EC_NAMED_CURVE);
  return EC_KEY_set_group(key.get(), group.get()) == 1 ? std::move(key) : nullptr;
}

// A key without its point, on the curve that is named, or spelt out, beside it (RFC 5480 §2.1.1, X9.62). Null: neither.
EcKeyPtr key_on_curve_of(const X509_ALGOR* algorithm) {
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, algorithm);
  if (type == V_ASN1_OBJECT) return key_on_named_curve(OBJ_obj2nid(static_cast<const ASN1_OBJECT*>(value)));
  if (type != V_ASN1_SEQUENCE) return nullptr;
  const auto* const parameters = static_cast<const ASN1_STRING*>(value);
  const unsigned char* at = ASN1_STRING_get0_data(parameters);
  return EcKeyPtr(d2i_ECParameters(nullptr, &at, ASN1_STRING_length(parameters)));
}

// What OpenSSL calls: 1 for success, 0 for a key that is none.

int decode(EVP_PKEY* into, const X509_PUBKEY* encoded) {
  const unsigned char* point = nullptr;
  int size = 0;
  X509_ALGOR* algorithm = nullptr;
  if (X509_PUBKEY_get0_param(nullptr, &point, &size, &algorithm, encoded) != 1) return 0;
  EcKeyPtr key = key_on_curve_of(algorithm);
  EC_KEY* reading = key.get();
  // Checks that the point is on the curve.
  if (reading == nullptr || o2i_ECPublicKey(&reading, &point, size) == nullptr) return 0;
  if (EVP_PKEY_assign_EC_KEY(into, key.get()) != 1) return 0;
  static_cast<void>(key.release());  // `into` owns it now
  return 1;
}

int encode(X509_PUBKEY* into, const EVP_PKEY* key) {
  const EC_KEY* const ec = EVP_PKEY_get0_EC_KEY(key);
  const EC_GROUP* const group = ec == nullptr ? nullptr : EC_KEY_get0_group(ec);
  if (group == nullptr) return 0;
  unsigned char* point = nullptr;
  const int size = i2o_ECPublicKey(ec, &point);
  OpensslBytes owner(point);
  if (size <= 0) return 0;
  int type = V_ASN1_OBJECT;
  void* value = nullptr;
  Asn1StringPtr spelt_out;
  const int curve = EC_GROUP_get_curve_name(group);
  if (curve != NID_undef && EC_GROUP_get_asn1_flag(group) != 0) {
    value = OBJ_nid2obj(curve);
  } else {
    spelt_out.reset(ASN1_STRING_new());
    unsigned char* parameters = nullptr;
    const int length = spelt_out == nullptr ? 0 : i2d_ECParameters(ec, &parameters);
    if (length <= 0) return 0;
    ASN1_STRING_set0(spelt_out.get(), parameters, length);
    type = V_ASN1_SEQUENCE;
    value = spelt_out.get();
  }
  if (X509_PUBKEY_set0_param(into, OBJ_nid2obj(EVP_PKEY_EC), type, value, point, size) != 1) return 0;
  static_cast<void>(owner.release());  // both are the X509_PUBKEY's now
  static_cast<void>(spelt_out.release());
  return 1;
}

// EVP_PKEY_eq() asks this when the curves are the same: 1 for equal, 0 for different, -2 for no answer.
int compare(const EVP_PKEY* left, const EVP_PKEY* right) {
  const EC_KEY* const one = EVP_PKEY_get0_EC_KEY(left);
  const EC_KEY* const other = EVP_PKEY_get0_EC_KEY(right);
  if (one == nullptr || other == nullptr) return -2;
  const EC_POINT* const point = EC_KEY_get0_public_key(one);
  const EC_POINT* const other_point = EC_KEY_get0_public_key(other);
  if (point == nullptr || other_point == nullptr) return -2;
  const int difference = EC_POINT_cmp(EC_KEY_get0_group(other), point, other_point, nullptr);
  return difference == 0 ? 1 : difference == 1 ? 0 : -2;
}

int size_of_signature(const EVP_PKEY* key) { return ECDSA_size(EVP_PKEY_get0_EC_KEY(key)); }
int bits(const EVP_PKEY* key) { return EC_GROUP_order_bits(EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(key))); }

}  // namespace

EVP_PKEY_ASN1_METHOD* new_ec_public_key_methods() {
  const EVP_PKEY_ASN1_METHOD* const usual = EVP_PKEY_asn1_find(nullptr, EVP_PKEY_EC);
  if (usual == nullptr) return nullptr;
  EVP_PKEY_ASN1_METHOD* const ours = EVP_PKEY_asn1_new(EVP_PKEY_EC, 0, "EC", "EC keys, P-256 made once");
  if (ours == nullptr) return nullptr;
  EVP_PKEY_asn1_copy(ours, usual);
  // OpenSSL prints keys without asking.
  EVP_PKEY_asn1_set_public(ours, decode, encode, compare, nullptr, size_of_signature, bits);
  return ours;
}

}  // namespace sallyport::crypto

#endif
