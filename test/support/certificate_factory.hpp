// Certificates for tests, good ones and such as no honest CA would sign.
//
// A Spec describes one; make() signs it with another's key. What a Spec has no field for, its `alter` does to the
// X509 before it is signed, and `spoil` after. Any failure throws. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::test {

using Extension = std::pair<const char*, std::string>;  // as in openssl.cnf: {"keyUsage", "critical,digitalSignature"}

inline void require(bool worked, const char* what) {
  if (!worked) throw std::runtime_error(std::string("certificate factory: ") + what);
}

struct Identity {
  crypto::X509Ptr certificate;
  crypto::PkeyPtr key;

  [[nodiscard]] X509* get() const { return certificate.get(); }
};

// One that may sign by RSASSA-PSS alone.
inline crypto::PkeyPtr rsa_pss_key() {
  const crypto::PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr));
  EVP_PKEY* key = nullptr;
  require(EVP_PKEY_keygen_init(context.get()) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048) == 1 &&
              EVP_PKEY_generate(context.get(), &key) == 1,
          "RSA-PSS key");
  return crypto::PkeyPtr(key);
}

inline crypto::PkeyPtr p256_key() { return crypto::PkeyPtr(EVP_EC_gen(SN_X9_62_prime256v1)); }

struct Spec {
  std::string common_name;            // empty: no subject
  std::vector<Extension> extensions;  // empty values are left out
  std::chrono::sys_seconds not_before = crypto::wall_clock() - std::chrono::hours(24);
  std::chrono::sys_seconds not_after = crypto::wall_clock() + std::chrono::hours(24);
  const EVP_MD* digest = EVP_sha256();
  crypto::PkeyPtr key = nullptr;  // null: a fresh P-256 key
  std::function<void(X509*)> alter = nullptr;
  std::function<void(X509*)> spoil = nullptr;
};

// The extensions of each kind as they should be.
inline std::vector<Extension> root_extensions() {
  return {{"basicConstraints", "critical,CA:TRUE"},
          {"keyUsage", "critical,keyCertSign,cRLSign"},
          {"subjectKeyIdentifier", "hash"}};
}
inline std::vector<Extension> intermediate_extensions(const std::string& basic_constraints = "critical,CA:TRUE") {
  return {{"basicConstraints", basic_constraints},
          {"keyUsage", "critical,keyCertSign,cRLSign"},
          {"subjectKeyIdentifier", "hash"},
          {"authorityKeyIdentifier", "keyid"}};
}
inline std::vector<Extension> leaf_extensions(const std::string& names) {
  return {{"basicConstraints", "critical,CA:FALSE"}, {"keyUsage", "critical,digitalSignature"},
          {"extendedKeyUsage", "serverAuth"},        {"subjectKeyIdentifier", "hash"},
          {"authorityKeyIdentifier", "keyid"},       {"subjectAltName", names}};
}
// The same list with one value replaced or added; an empty value removes the extension.
inline std::vector<Extension> with(std::vector<Extension> extensions, const char* name, const std::string& value) {
  std::erase_if(extensions, [&](const Extension& one) { return std::string(one.first) == name; });
  extensions.emplace_back(name, value);
  return extensions;
}

// `issuer` null: self-signed.
inline Identity make(Spec spec, const Identity* issuer = nullptr) {
  Identity made{crypto::X509Ptr(X509_new()), spec.key != nullptr ? std::move(spec.key) : p256_key()};
  X509* x = made.get();
  static long serial = 1000;
  require(X509_set_version(x, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial) == 1 &&
              X509_set_pubkey(x, made.key.get()) == 1 && crypto::set_validity(x, spec.not_before, spec.not_after),
          "basics");
  if (!spec.common_name.empty()) {
    require(
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(spec.common_name.c_str()), -1, -1, 0) == 1,
        "subject");
  }
  X509* signer = issuer == nullptr ? x : issuer->get();
  require(X509_set_issuer_name(x, X509_get_subject_name(signer)) == 1, "issuer");
  X509V3_CTX context{};
  X509V3_set_ctx(&context, signer, x, nullptr, nullptr, 0);
  for (const auto& [name, value] : spec.extensions) {
    if (value.empty()) continue;
    const crypto::X509ExtensionPtr extension(X509V3_EXT_conf(nullptr, &context, name, value.c_str()));
    require(extension != nullptr && X509_add_ext(x, extension.get(), -1) == 1, name);
  }
  if (spec.alter) spec.alter(x);
  require(X509_sign(x, issuer == nullptr ? made.key.get() : issuer->key.get(), spec.digest) > 0, "signature");
  if (spec.spoil) spec.spoil(x);

  // Through DER, as it would arrive: OpenSSL keeps what it worked out about an object that was built by hand.
  unsigned char* der = nullptr;
  const int size = i2d_X509(x, &der);
  require(size > 0, "encoding");
  const crypto::OpensslBytes owner(der);
  const unsigned char* at = der;
  made.certificate.reset(d2i_X509(nullptr, &at, size));
  require(made.certificate != nullptr, "decoding");
  return made;
}

inline Identity make_root(const std::string& name) {
  return make({.common_name = name, .extensions = root_extensions()});
}
inline Identity make_intermediate(const std::string& name, const Identity& issuer) {
  return make({.common_name = name, .extensions = intermediate_extensions()}, &issuer);
}
inline Identity make_leaf(const std::string& host, const Identity& issuer) {
  return make({.common_name = host, .extensions = leaf_extensions("DNS:" + host)}, &issuer);
}

inline std::string pem_of(X509* certificate) {
  const crypto::BioPtr memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(memory.get(), certificate) == 1, "PEM");
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

inline std::string pem_of(EVP_PKEY* key, const char* passphrase = nullptr) {
  const crypto::BioPtr memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PKCS8PrivateKey(memory.get(), key, passphrase == nullptr ? nullptr : EVP_aes_256_cbc(),
                                        passphrase, passphrase == nullptr ? 0 : static_cast<int>(strlen(passphrase)),
                                        nullptr, nullptr) == 1,
          "PEM key");
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

// Borrows the certificates; they outlive it.
struct BorrowedStack {
  explicit BorrowedStack(const std::vector<X509*>& certificates) : stack(sk_X509_new_null()) {
    for (X509* certificate : certificates) sk_X509_push(stack, certificate);
  }
  ~BorrowedStack() { sk_X509_free(stack); }
  BorrowedStack(const BorrowedStack&) = delete;
  BorrowedStack& operator=(const BorrowedStack&) = delete;

  STACK_OF(X509) * stack;
};

}  // namespace sallyport::test
