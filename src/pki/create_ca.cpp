#include "sallyport/pki/create_ca.hpp"

#include <unistd.h>

#include <array>
#include <filesystem>

#include <openssl/pem.h>

#include "sallyport/base/text.hpp"
#include "sallyport/crypto/certificate.hpp"

#include "certificate_builder.hpp"
#include "durable_file.hpp"
#include "pem.hpp"

namespace sallyport::pki {

namespace {

constexpr std::chrono::hours backdating{48};
constexpr std::size_t max_common_name = 64;

crypto::PkeyPtr new_key(CaKeyKind kind) {
  switch (kind) {
    case CaKeyKind::p256:
      return crypto::PkeyPtr(EVP_EC_gen(SN_X9_62_prime256v1));
    case CaKeyKind::p384:
      return crypto::PkeyPtr(EVP_EC_gen(SN_secp384r1));
    case CaKeyKind::rsa_4096:
      return crypto::PkeyPtr(EVP_RSA_gen(4096));
  }
  return nullptr;
}

std::string default_common_name(const std::string& serial_hex) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const std::string name = printable(std::string(host.data()).substr(0, 32));
  return "sallyport CA " + (name.empty() ? "" : name + " ") + serial_hex.substr(0, 8);
}

Result<crypto::X509Ptr> make_root(const NewCa& wanted, EVP_PKEY* key, std::chrono::sys_seconds now) {
  CertificateBuilder builder;
  builder.common_name(wanted.common_name.empty() ? default_common_name(builder.serial_hex()) : wanted.common_name)
      .issuer(X509_get_subject_name(builder.get()))
      .validity(now - backdating, now + std::chrono::days(365) * wanted.years)
      .public_key(key)
      .extension(basic_constraints(true, 1).get())
      .extension(key_usage(KU_KEY_CERT_SIGN | KU_CRL_SIGN).get())
      .subject_key_identifier();
  return builder.finish(key);
}

// Unencrypted PKCS#8: the daemon has to read it unattended; the file's mode protects it.
Result<void> write_key(EVP_PKEY* key, const std::string& path) {
  const crypto::BioPtr memory(BIO_new(BIO_s_secmem()));
  if (memory == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return std::unexpected(crypto::take_error(ErrorKind::system, "writing a key"));
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return create_durable_file(path, {text, static_cast<std::size_t>(size)}, 0600);
}

Result<void> check_free(const NewCa& wanted) {
  for (const std::string& path : {wanted.key_path, wanted.certificate_path}) {
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) {
      return fail(ErrorKind::config, path + " exists already; it is left as it is and no CA is made");
    }
  }
  return {};
}

}  // namespace

Result<void> create_ca(const NewCa& wanted, std::chrono::sys_seconds now) {
  if (wanted.years < 1 || wanted.years > 30) return fail(ErrorKind::config, "a CA can be made for 1 to 30 years");
  if (wanted.common_name.size() > max_common_name) {
    return fail(ErrorKind::config, "a CA's name has at most 64 bytes (RFC 5280)");
  }
  if (auto free = check_free(wanted); !free) return free;
  const crypto::PkeyPtr key = new_key(wanted.kind);
  if (key == nullptr) return std::unexpected(crypto::take_error(ErrorKind::system, "making the CA's key"));
  const auto certificate = make_root(wanted, key.get(), now);
  if (!certificate) return std::unexpected(certificate.error());

  if (auto written = write_key(key.get(), wanted.key_path); !written) return written;
  auto written = create_durable_file(wanted.certificate_path, to_pem(certificate->get()), 0644);
  if (!written) ::unlink(wanted.key_path.c_str());  // ours, made a moment ago, and nobody has seen its certificate
  return written;
}

Result<CaKeyKind> parse_ca_key_kind(std::string_view text) {
  if (text == "p256") return CaKeyKind::p256;
  if (text == "p384") return CaKeyKind::p384;
  if (text == "rsa-4096") return CaKeyKind::rsa_4096;
  return fail(ErrorKind::config, "\"" + printable(text) + "\" is no kind of CA key; there are p256, p384 and rsa-4096");
}

}  // namespace sallyport::pki
