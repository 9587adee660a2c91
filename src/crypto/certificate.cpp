#include "sallyport/crypto/certificate.hpp"

#include <ctime>
#include <vector>

#include "sallyport/crypto/encoded.hpp"

namespace sallyport::crypto {

namespace {

std::chrono::sys_seconds read_time(const ASN1_TIME* time, std::chrono::sys_seconds unreadable) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return unreadable;
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts)));
}

Sha256 digest_of(const std::vector<std::uint8_t>& encoding) { return encoding.empty() ? Sha256{} : sha256(encoding); }

}  // namespace

std::chrono::sys_seconds wall_clock() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::chrono::sys_seconds not_before(const X509* certificate) {
  return read_time(X509_get0_notBefore(certificate), std::chrono::sys_days(std::chrono::year(9999) / 12 / 31));
}

std::chrono::sys_seconds not_after(const X509* certificate) {
  return read_time(X509_get0_notAfter(certificate), std::chrono::sys_seconds());
}

bool set_validity(X509* certificate, std::chrono::sys_seconds from, std::chrono::sys_seconds to) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from.time_since_epoch().count()) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), to.time_since_epoch().count()) != nullptr;
}

Sha256 fingerprint(const X509* certificate) { return digest_of(encoded<i2d_X509>(certificate)); }

Sha256 public_key_fingerprint(const X509* certificate) {
  return digest_of(encoded<i2d_X509_PUBKEY>(X509_get_X509_PUBKEY(certificate)));
}

std::string text_of(const X509_NAME* name) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  if (memory == nullptr || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string kind_of(const EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_RSA) return "RSA-" + std::to_string(EVP_PKEY_get_bits(key));
  if (type == EVP_PKEY_EC) {
    const char* nist = EC_curve_nid2nist(curve_of(key));
    return nist != nullptr ? nist : "EC";
  }
  const char* name = OBJ_nid2ln(type);
  return name != nullptr ? name : "unknown";
}

int curve_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) != 1) return NID_undef;
  return OBJ_txt2nid(name.data());
}

std::string colon_hex(const Sha256& digest) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string text;
  for (const std::uint8_t byte : digest) {
    if (!text.empty()) text += ':';
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace sallyport::crypto
