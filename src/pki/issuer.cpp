#include "sallyport/pki/issuer.hpp"

#include <algorithm>
#include <atomic>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/crypto/encoded.hpp"

#include "certificate_builder.hpp"
#include "p256_key.hpp"

namespace sallyport::pki {

namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr seconds least_issuing_life = hours(7 * 24);
constexpr seconds backdating = hours(48);  // clients' clocks are slow more often than fast

std::uint64_t next_generation() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

bool wants_issuing_ca(const CertificateAuthority& ca, IssuingCa mode) {
  if (mode == IssuingCa::no || ca.path_length() == 0) return false;
  return mode == IssuingCa::yes || EVP_PKEY_get_base_id(ca.key()) == EVP_PKEY_RSA;
}

struct KeyedCertificate {
  crypto::PkeyPtr key;
  crypto::X509Ptr certificate;
};

Result<KeyedCertificate> make_issuing_ca(const CertificateAuthority& ca, seconds life, sys_seconds now) {
  crypto::PkeyPtr key = new_p256_key();
  if (key == nullptr) return std::unexpected(crypto::take_error(ErrorKind::system, "making the issuing CA's key"));
  const sys_seconds from = std::max(now - backdating, crypto::not_before(ca.certificate()));
  const sys_seconds to = std::min(now + life, crypto::not_after(ca.certificate()));

  CertificateBuilder builder;
  // A name of its own each time: clients cache intermediates by name, and an old one with another key would be
  // tried on the new one's leaves.
  builder.common_name("sallyport issuing CA " + builder.serial_hex().substr(0, 16))
      .issuer(X509_get_subject_name(ca.certificate()))
      .validity(from, to)
      .public_key(key.get())
      .extension(basic_constraints(true, 0).get())
      .extension(key_usage(KU_KEY_CERT_SIGN | KU_CRL_SIGN).get())
      .extension(server_auth().get())  // so that this key, the one in daily use, can vouch for nothing but servers
      .extension(authority_key_identifier(ca.certificate()).get())
      .subject_key_identifier();
  const auto built = builder.finish(ca.key());
  if (!built) return std::unexpected(built.error());
  // It is shown in every handshake, and of what OpenSSL has read it keeps the encoding.
  crypto::X509Ptr certificate(X509_dup(built->get()));
  if (certificate == nullptr) return std::unexpected(crypto::take_error(ErrorKind::system, "reading the issuing CA"));
  return KeyedCertificate{std::move(key), std::move(certificate)};
}

// AlgorithmIdentifier: with a NULL for RSA (RFC 4055 §5), with nothing for ECDSA (RFC 5758 §3.2).
std::vector<std::uint8_t> signature_algorithm_of(const EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);
  const std::unique_ptr<X509_ALGOR, crypto::Freer<X509_ALGOR_free>> algorithm(X509_ALGOR_new());
  int both = NID_undef;
  if (algorithm == nullptr || OBJ_find_sigid_by_algs(&both, EVP_MD_get_type(signing_digest()), kind) != 1) return {};
  X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(both), kind == EVP_PKEY_RSA ? V_ASN1_NULL : V_ASN1_UNDEF, nullptr);
  return crypto::encoded<i2d_X509_ALGOR>(algorithm.get());
}

Issuer::InLeaves in_leaves_of(X509* issuer, const EVP_PKEY* key) {
  return {signature_algorithm_of(key), crypto::encoded<i2d_X509_NAME>(X509_get_subject_name(issuer)),
          crypto::encoded<i2d_X509_EXTENSION>(authority_key_identifier(issuer).get())};
}

// What follows the leaf on the wire, from the issuer upwards.
crypto::X509StackPtr chain_to_send(const CertificateAuthority& ca, X509* issuing_ca) {
  crypto::X509StackPtr chain(sk_X509_new_null());
  const auto add = [&](X509* certificate) { sk_X509_push(chain.get(), crypto::up_ref(certificate).release()); };
  if (issuing_ca != nullptr) add(issuing_ca);
  if (!ca.self_signed()) add(ca.certificate());
  for (int i = 0; i < sk_X509_num(ca.chain_above()); ++i) add(sk_X509_value(ca.chain_above(), i));
  return chain;
}

}  // namespace

Result<IssuerPtr> Issuer::create(CaPtr ca, IssuingCa mode, seconds leaf_life, sys_seconds now) {
  std::shared_ptr<Issuer> issuer(new Issuer());
  const sys_seconds end_of_ca = crypto::not_after(ca->certificate());
  if (wants_issuing_ca(*ca, mode)) {
    const seconds life = std::max(least_issuing_life, 2 * leaf_life + hours(1));
    auto made = make_issuing_ca(*ca, life, now);
    if (!made) return std::unexpected(made.error());
    issuer->chain_ = chain_to_send(*ca, made->certificate.get());
    issuer->certificate_ = std::move(made->certificate);
    issuer->key_ = std::move(made->key);
    issuer->not_after_ = crypto::not_after(issuer->certificate());
    // A successor could not outlive the CA either: at the end of the CA's life nothing is renewed any more.
    issuer->renew_at_ = issuer->not_after_ < end_of_ca ? now + life / 2 : sys_seconds::max();
  } else {
    issuer->chain_ = chain_to_send(*ca, nullptr);
    issuer->certificate_ = crypto::up_ref(ca->certificate());
    issuer->key_ = crypto::up_ref(ca->key());
    issuer->not_after_ = end_of_ca;
    issuer->renew_at_ = sys_seconds::max();
  }
  issuer->in_leaves_ = in_leaves_of(issuer->certificate(), issuer->key());
  if (issuer->in_leaves_.signature_algorithm.empty() || issuer->in_leaves_.authority_key_identifier.empty()) {
    return std::unexpected(crypto::take_error(ErrorKind::system, "naming the issuer's key"));
  }
  issuer->ca_ = std::move(ca);
  issuer->generation_ = next_generation();
  return issuer;
}

IssuerSource::IssuerSource(IssuerPtr first, IssuingCa mode, seconds leaf_life)
    : mode_(mode), leaf_life_(leaf_life), current_(std::move(first)) {}

IssuerPtr IssuerSource::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

Result<bool> IssuerSource::renew_if_due(sys_seconds now) {
  const IssuerPtr old = current();
  if (!old->renewal_due(now)) return false;
  auto renewed = Issuer::create(old->ca(), mode_, leaf_life_, now);
  if (!renewed) return std::unexpected(renewed.error());
  const std::lock_guard lock(mutex_);
  current_ = std::move(*renewed);
  return true;
}

}  // namespace sallyport::pki
