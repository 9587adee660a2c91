#include "pkcs12.hpp"

#include <memory>
#include <vector>

#include <openssl/err.h>
#include <openssl/provider.h>

#include "sallyport/crypto/direct_keys.hpp"
#include "sallyport/crypto/encoded.hpp"

namespace sallyport::pki {

namespace {

using crypto::Freer;

using LibraryContext = std::unique_ptr<OSSL_LIB_CTX, Freer<OSSL_LIB_CTX_free>>;

struct UnloadProvider {
  void operator()(OSSL_PROVIDER* provider) const { OSSL_PROVIDER_unload(provider); }
};
using Provider = std::unique_ptr<OSSL_PROVIDER, UnloadProvider>;

// The passphrase as the NUL-terminated text that OpenSSL wants, wiped afterwards.
class TerminatedSecret {
 public:
  explicit TerminatedSecret(std::string_view text) : text_(text) {}
  TerminatedSecret(const TerminatedSecret&) = delete;
  TerminatedSecret& operator=(const TerminatedSecret&) = delete;
  ~TerminatedSecret() { OPENSSL_cleanse(text_.data(), text_.size()); }
  [[nodiscard]] const char* c_str() const { return text_.c_str(); }

 private:
  std::string text_;
};

// A copy that does not belong to the library context that goes away.
crypto::X509Ptr moved_to_default_context(X509* certificate) {
  const std::vector<std::uint8_t> der = crypto::encoded<i2d_X509>(certificate);
  const unsigned char* at = der.data();
  return crypto::X509Ptr(der.empty() ? nullptr : d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

crypto::PkeyPtr moved_to_default_context(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PrivateKey(key, &der);
  if (size <= 0) return nullptr;
  const unsigned char* at = der;
  crypto::PkeyPtr copy = crypto::direct(crypto::PkeyPtr(d2i_AutoPrivateKey(nullptr, &at, size)));
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return copy;
}

// Whether the MAC agrees with the passphrase, or there is none to ask. An absent and an empty passphrase are
// encoded differently, and writers disagree on which to use.
bool passphrase_fits(PKCS12* file, const TerminatedSecret& passphrase) {
  if (PKCS12_mac_present(file) != 1 || PKCS12_verify_mac(file, passphrase.c_str(), -1) == 1) return true;
  return *passphrase.c_str() == '\0' && PKCS12_verify_mac(file, nullptr, 0) == 1;
}

Result<Pkcs12Contents> parse(PKCS12* file, const TerminatedSecret& passphrase, const std::string& where) {
  EVP_PKEY* raw_key = nullptr;
  X509* raw_certificate = nullptr;
  STACK_OF(X509)* raw_others = nullptr;
  const int parsed = PKCS12_parse(file, passphrase.c_str(), &raw_key, &raw_certificate, &raw_others);
  const crypto::PkeyPtr key(raw_key);
  const crypto::X509Ptr certificate(raw_certificate);
  const crypto::X509StackPtr others(raw_others);
  if (parsed != 1) {
    return std::unexpected(crypto::take_error(ErrorKind::config, where + " cannot be decrypted"));
  }
  if (key == nullptr) return fail(ErrorKind::config, where + " holds no private key");

  Pkcs12Contents contents{moved_to_default_context(key.get()), {}};
  if (certificate != nullptr) contents.certificates.push_back(moved_to_default_context(certificate.get()));
  for (int i = 0; i < sk_X509_num(others.get()); ++i) {
    contents.certificates.push_back(moved_to_default_context(sk_X509_value(others.get(), i)));
  }
  if (contents.certificates.empty()) return fail(ErrorKind::config, where + " holds no certificate");
  for (const crypto::X509Ptr& copy : contents.certificates) {
    if (copy == nullptr) return fail(ErrorKind::config, where + " holds a certificate that cannot be read");
  }
  if (contents.key == nullptr) return fail(ErrorKind::config, where + " holds a key that cannot be read");
  return contents;
}

}  // namespace

Result<Pkcs12Contents> open_pkcs12(std::string_view der, std::optional<std::string_view> passphrase,
                                   const std::string& where) {
  const LibraryContext context(OSSL_LIB_CTX_new());
  const Provider modern(OSSL_PROVIDER_load(context.get(), "default"));
  const Provider legacy(OSSL_PROVIDER_load(context.get(), "legacy"));  // absent on hardened systems: then PBES2 alone
  crypto::Pkcs12Ptr file(PKCS12_init_ex(NID_pkcs7_data, context.get(), nullptr));
  if (modern == nullptr || file == nullptr) {
    return std::unexpected(crypto::take_error(ErrorKind::system, "opening " + where));
  }

  const crypto::BioPtr reader(BIO_new_mem_buf(der.data(), static_cast<int>(der.size())));
  PKCS12* in_context = file.release();
  // d2i fills the object that carries the library context, or frees it and says so by a null pointer.
  const bool read = d2i_PKCS12_bio(reader.get(), &in_context) != nullptr;
  file.reset(in_context);
  ERR_clear_error();
  if (!read) return fail(ErrorKind::config, where + " is not a PKCS#12 file");

  const TerminatedSecret secret(passphrase.value_or(""));
  const bool fits = passphrase_fits(file.get(), secret);
  ERR_clear_error();
  if (!fits && !passphrase) return fail(ErrorKind::config, where + " is encrypted, and no passphrase_file is given");
  if (!fits) return fail(ErrorKind::config, "wrong passphrase for " + where);
  return parse(file.get(), secret, where);
}

}  // namespace sallyport::pki
