#include "sallyport/pki/certificate_authority.hpp"

#include <algorithm>

#include <openssl/err.h>

#include "sallyport/crypto/certificate.hpp"

#include "file_contents.hpp"
#include "pem.hpp"
#include "pkcs12.hpp"

namespace sallyport::pki {

namespace {

struct Loaded {
  crypto::PkeyPtr key;
  std::vector<crypto::X509Ptr> certificates;
  std::string key_file;
  std::string certificate_file;
  std::vector<std::string> warnings;
};

Result<std::optional<FileContents>> read_passphrase(const CaFiles& files) {
  if (files.passphrase_file.empty()) return std::nullopt;
  auto file = FileContents::read(files.passphrase_file);
  if (!file) return std::unexpected(file.error());
  return std::optional<FileContents>(std::move(*file));
}

std::optional<std::string_view> text_of(const std::optional<FileContents>& passphrase) {
  if (!passphrase) return std::nullopt;
  return passphrase->first_line();
}

Result<Loaded> load_pkcs12(const CaFiles& files, const std::optional<FileContents>& passphrase) {
  const auto file = FileContents::read(files.pkcs12);
  if (!file) return std::unexpected(file.error());
  auto contents = open_pkcs12(file->text(), text_of(passphrase), files.pkcs12);
  if (!contents) return std::unexpected(contents.error());
  Loaded loaded{std::move(contents->key), std::move(contents->certificates), files.pkcs12, files.pkcs12, {}};
  if (file->open_to_all()) loaded.warnings.push_back(files.pkcs12 + " can be read by every user of this machine");
  return loaded;
}

Result<Loaded> load_pem(const CaFiles& files, const std::optional<FileContents>& passphrase) {
  const auto certificate_file = FileContents::read(files.certificate);
  if (!certificate_file) return std::unexpected(certificate_file.error());
  auto certificates = certificates_in(certificate_file->text(), files.certificate);
  if (!certificates) return std::unexpected(certificates.error());

  const auto key_file = FileContents::read(files.key);
  if (!key_file) return std::unexpected(key_file.error());
  auto key = private_key_in(key_file->text(), text_of(passphrase), files.key);
  if (!key) return std::unexpected(key.error());

  Loaded loaded{std::move(key->key), std::move(*certificates), files.key, files.certificate, {}};
  if (key_file->open_to_all()) {
    const std::string sentence = files.key + " can be read by every user of this machine";
    if (!key->encrypted) return fail(ErrorKind::config, sentence + "; chmod 0600 it, and think of making a new CA");
    loaded.warnings.push_back(sentence);
  }
  return loaded;
}

Result<Loaded> load_files(const CaFiles& files) {
  const auto passphrase = read_passphrase(files);
  if (!passphrase) return std::unexpected(passphrase.error());
  auto loaded = files.pkcs12.empty() ? load_pem(files, *passphrase) : load_pkcs12(files, *passphrase);
  if (loaded && *passphrase && (*passphrase)->open_to_all()) {
    loaded->warnings.push_back(files.passphrase_file + " can be read by every user of this machine");
  }
  return loaded;
}

// Takes the certificate that carries the key's public half out of the list.
Result<crypto::X509Ptr> take_matching(Loaded& loaded) {
  const auto match = std::ranges::find_if(loaded.certificates, [&](const crypto::X509Ptr& certificate) {
    const EVP_PKEY* public_key = X509_get0_pubkey(certificate.get());
    return public_key != nullptr && EVP_PKEY_eq(public_key, loaded.key.get()) == 1;
  });
  if (match == loaded.certificates.end()) {
    return fail(ErrorKind::config,
                "the key in " + loaded.key_file + " does not belong to the certificate in " + loaded.certificate_file);
  }
  crypto::X509Ptr certificate = std::move(*match);
  loaded.certificates.erase(match);
  return certificate;
}

bool issued(X509* issuer, X509* subject) {
  EVP_PKEY* key = X509_get0_pubkey(issuer);
  return X509_check_issued(issuer, subject) == X509_V_OK && key != nullptr && X509_verify(subject, key) == 1;
}

// Moves the issuer of `certificate`, then its issuer, and so on, out of `candidates`.
crypto::X509StackPtr take_chain_above(X509* certificate, std::vector<crypto::X509Ptr>& candidates) {
  crypto::X509StackPtr chain(sk_X509_new_null());
  X509* current = certificate;
  while (X509_self_signed(current, 0) != 1) {
    const auto issuer =
        std::ranges::find_if(candidates, [&](const crypto::X509Ptr& other) { return issued(other.get(), current); });
    if (issuer == candidates.end()) break;
    current = issuer->get();
    sk_X509_push(chain.get(), issuer->release());
    candidates.erase(issuer);
  }
  ERR_clear_error();
  return chain;
}

std::optional<long> path_length_of(X509* certificate, STACK_OF(X509) * above) {
  std::optional<long> least;
  for (int i = -1; i < sk_X509_num(above); ++i) {
    const long own = X509_get_pathlen(i < 0 ? certificate : sk_X509_value(above, i));
    if (own < 0) continue;  // no constraint
    const long left = std::max(0L, own - (i + 1));
    least = least ? std::min(*least, left) : left;
  }
  return least;
}

Result<void> check_key(const EVP_PKEY* key, const std::string& where) {
  const int type = EVP_PKEY_get_base_id(key);
  const int bits = EVP_PKEY_get_bits(key);
  const int curve = type == EVP_PKEY_EC ? crypto::curve_of(key) : NID_undef;
  if (type == EVP_PKEY_RSA && bits >= 2048 && bits <= 8192) return {};
  if (curve == NID_X9_62_prime256v1 || curve == NID_secp384r1) return {};
  return fail(ErrorKind::config,
              where + ": a CA key must be RSA of 2048 to 8192 bits, P-256 or P-384, not " + crypto::kind_of(key));
}

Result<void> check_is_ca(X509* certificate, const std::string& where) {
  if (X509_check_ca(certificate) != 1) {
    return fail(ErrorKind::config, where + ": the certificate is not a CA (basicConstraints without CA:TRUE)");
  }
  // Reads as all bits set where there is no key usage extension, which allows everything (RFC 5280 §4.2.1.3).
  if ((X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) == 0) {
    return fail(ErrorKind::config, where + ": the CA may not sign certificates (keyUsage without keyCertSign)");
  }
  return {};
}

Result<void> check_dates(const X509* certificate, std::chrono::sys_seconds now, const std::string& where) {
  if (crypto::not_after(certificate) < now) return fail(ErrorKind::config, where + ": the CA certificate has expired");
  if (crypto::not_before(certificate) > now) {
    return fail(ErrorKind::config, where + ": the CA certificate is not valid yet; is the clock right?");
  }
  return {};
}

void add_warnings(X509* certificate, std::chrono::sys_seconds now, const std::string& where,
                  std::vector<std::string>& warnings) {
  const auto days = std::chrono::floor<std::chrono::days>(crypto::not_after(certificate) - now).count();
  if (days < 30) warnings.push_back(where + ": the CA certificate expires in " + std::to_string(days) + " days");
  if (X509_get0_subject_key_id(certificate) == nullptr) {
    warnings.push_back(where + ": the CA certificate has no subject key identifier; strict clients will refuse it");
  }
  // Reads as all bits set where there is no such extension.
  if ((X509_get_extended_key_usage(certificate) & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0) {
    warnings.push_back(where + ": the CA certificate's extended key usage excludes TLS servers");
  }
}

}  // namespace

Result<CaPtr> CertificateAuthority::load(const CaFiles& files, std::chrono::sys_seconds now) {
  auto loaded = load_files(files);
  if (!loaded) return std::unexpected(loaded.error());
  auto certificate = take_matching(*loaded);
  if (!certificate) return std::unexpected(certificate.error());

  const std::string& where = loaded->certificate_file;
  if (auto good = check_key(loaded->key.get(), loaded->key_file); !good) return std::unexpected(good.error());
  if (auto good = check_is_ca(certificate->get(), where); !good) return std::unexpected(good.error());
  if (auto good = check_dates(certificate->get(), now, where); !good) return std::unexpected(good.error());

  std::shared_ptr<CertificateAuthority> ca(new CertificateAuthority());
  ca->certificate_ = std::move(*certificate);
  ca->key_ = std::move(loaded->key);
  ca->chain_above_ = take_chain_above(ca->certificate(), loaded->certificates);
  ca->path_length_ = path_length_of(ca->certificate(), ca->chain_above());
  ca->warnings_ = std::move(loaded->warnings);
  add_warnings(ca->certificate(), now, where, ca->warnings_);
  if (!loaded->certificates.empty()) {
    ca->warnings_.push_back(where + ": " + std::to_string(loaded->certificates.size()) +
                            " certificates do not belong to the CA's chain and are left out");
  }
  return ca;
}

bool CertificateAuthority::self_signed() const { return X509_self_signed(certificate_.get(), 0) == 1; }

Result<CaDescription> describe_ca(const CaFiles& files) {
  crypto::X509Ptr certificate;
  if (files.pkcs12.empty()) {
    const auto file = FileContents::read(files.certificate);
    if (!file) return std::unexpected(file.error());
    auto certificates = certificates_in(file->text(), files.certificate);
    if (!certificates) return std::unexpected(certificates.error());
    certificate = std::move(certificates->front());
  } else {
    auto loaded = load_files(files);
    if (!loaded) return std::unexpected(loaded.error());
    auto match = take_matching(*loaded);
    if (!match) return std::unexpected(match.error());
    certificate = std::move(*match);
  }
  const EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  return CaDescription{crypto::text_of(X509_get_subject_name(certificate.get())),
                       crypto::colon_hex(crypto::fingerprint(certificate.get())),
                       key == nullptr ? "unreadable" : crypto::kind_of(key),
                       crypto::not_before(certificate.get()),
                       crypto::not_after(certificate.get()),
                       to_pem(certificate.get())};
}

}  // namespace sallyport::pki
