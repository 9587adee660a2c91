#include "sallyport/pki/client_identity.hpp"

#include <algorithm>

#include "sallyport/crypto/certificate.hpp"

#include "file_contents.hpp"
#include "pem.hpp"

namespace sallyport::pki {
namespace {

// What our TLS contexts ask of a key, theirs and ours (SP 800-57 part 1, table 2).
constexpr int least_security_bits = 112;

void add_warnings(X509* certificate, const std::string& where, std::chrono::sys_seconds now,
                  std::vector<std::string>& warnings) {
  if (now > crypto::not_after(certificate)) warnings.push_back(where + ": the client certificate has expired");
  if (now < crypto::not_before(certificate)) warnings.push_back(where + ": the client certificate is not valid yet");
  // Reads as all bits set where there is no such extension.
  if ((X509_get_extended_key_usage(certificate) & (XKU_SSL_CLIENT | XKU_ANYEKU)) == 0) {
    warnings.push_back(where + ": the certificate's extended key usage excludes TLS clients");
  }
}

}  // namespace

Result<ClientIdentityPtr> ClientIdentity::load(const std::string& certificate_file, const std::string& key_file,
                                               std::chrono::sys_seconds now) {
  const auto certificate_text = FileContents::read(certificate_file);
  if (!certificate_text) return std::unexpected(certificate_text.error());
  auto certificates = certificates_in(certificate_text->text(), certificate_file);
  if (!certificates) return std::unexpected(certificates.error());
  const auto key_text = FileContents::read(key_file);
  if (!key_text) return std::unexpected(key_text.error());
  auto key = private_key_in(key_text->text(), "", key_file);
  if (!key || key->encrypted) {
    if (!key && !key.error().reason.contains("passphrase")) return std::unexpected(key.error());
    return fail(ErrorKind::config, key_file + " is encrypted; a client key has to be readable without a passphrase");
  }

  const auto match = std::ranges::find_if(*certificates, [&](const crypto::X509Ptr& certificate) {
    const EVP_PKEY* const public_key = X509_get0_pubkey(certificate.get());
    return public_key != nullptr && EVP_PKEY_eq(public_key, key->key.get()) == 1;
  });
  if (match == certificates->end()) {
    return fail(ErrorKind::config,
                "the key in " + key_file + " does not belong to the certificate in " + certificate_file);
  }
  if (EVP_PKEY_get_security_bits(key->key.get()) < least_security_bits) {
    return fail(ErrorKind::config, key_file + " holds a key that is too weak: " + crypto::kind_of(key->key.get()));
  }

  std::shared_ptr<ClientIdentity> identity(new ClientIdentity());
  identity->certificate_ = std::move(*match);
  certificates->erase(match);
  identity->key_ = std::move(key->key);
  identity->chain_.reset(sk_X509_new_null());
  for (crypto::X509Ptr& other : *certificates) sk_X509_push(identity->chain_.get(), other.release());
  identity->fingerprint_ = crypto::colon_hex(crypto::fingerprint(identity->certificate()));
  add_warnings(identity->certificate(), certificate_file, now, identity->warnings_);
  if (key_text->open_to_all()) {
    identity->warnings_.push_back(key_file + " can be read by every user of this machine");
  }
  return identity;
}

}  // namespace sallyport::pki
