#include "leaf_encoding.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/crypto/encoded.hpp"

#include "certificate_builder.hpp"
#include "der.hpp"

namespace sallyport::pki {

namespace {

constexpr std::size_t max_common_name = 64;  // RFC 5280 appendix A, ub-common-name

constexpr std::array<std::uint8_t, 5> version_3 = {0xa0, 3, 2, 1, 2};
constexpr std::array<std::uint8_t, 5> common_name_oid = {6, 3, 0x55, 4, 3};         // 2.5.4.3
constexpr std::array<std::uint8_t, 5> subject_alt_name_oid = {6, 3, 0x55, 29, 17};  // 2.5.29.17
constexpr std::array<std::uint8_t, 5> subject_key_id_oid = {6, 3, 0x55, 29, 14};    // 2.5.29.14
constexpr std::array<std::uint8_t, 3> critical = {1, 1, 0xff};

using crypto::encoded;
using PublicKeyPtr = std::unique_ptr<X509_PUBKEY, crypto::Freer<X509_PUBKEY_free>>;

// The extensions no leaf differs in.
const Der& fixed_extensions() {
  static const Der all = [] {
    Der bytes;
    // Not keyEncipherment, for RSA leaves either: clients are offered no suite in which the leaf's key decrypts.
    for (const auto& one : {basic_constraints(false, -1), key_usage(KU_DIGITAL_SIGNATURE), server_auth()}) {
      const Der next = encoded<i2d_X509_EXTENSION>(one.get());
      if (next.empty()) return Der();
      bytes.insert(bytes.end(), next.begin(), next.end());
    }
    return bytes;
  }();
  return all;
}

bool is_common_name(const std::string& name) { return name.size() <= max_common_name; }

Der subject(const std::string& name) {
  if (!is_common_name(name)) return der(DerTag::sequence, {});
  const Der value = der(DerTag::utf8_string, {bytes_of(name)});
  const Der attribute = der(DerTag::sequence, {common_name_oid, value});
  return der(DerTag::sequence, {der(DerTag::set, {attribute})});
}

// RFC 5280 §4.2.1.6. Critical where it is all that names the subject.
Der subject_alt_name(const std::vector<std::string>& names) {
  Der list;
  for (const std::string& name : names) {
    const auto address = IpAddress::parse(name);
    const ByteView bytes = address ? ByteView(address->data(), address->size()) : bytes_of(name);
    const Der one = der(context_tag(address ? GEN_IPADD : GEN_DNS, false), {bytes});
    list.insert(list.end(), one.begin(), one.end());
  }
  const Der value = der(DerTag::octet_string, {der(DerTag::sequence, {list})});
  const bool alone = !is_common_name(names.front());
  return der(DerTag::sequence, {subject_alt_name_oid, alone ? ByteView(critical) : ByteView(), value});
}

// UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5): as OpenSSL chooses by itself.
Der time(std::chrono::sys_seconds when) {
  using Asn1TimePtr = std::unique_ptr<ASN1_TIME, crypto::Freer<ASN1_TIME_free>>;
  return encoded<i2d_ASN1_TIME>(Asn1TimePtr(ASN1_TIME_set(nullptr, when.time_since_epoch().count())).get());
}

Der subject_key_identifier(const X509_PUBKEY* key) {
  const Der identifier = der(DerTag::octet_string, {identifier_of_key(key)});
  return der(DerTag::sequence, {subject_key_id_oid, der(DerTag::octet_string, {identifier})});
}

// What is signed, TBSCertificate. Empty: OpenSSL failed.
Der contents_to_sign(const Issuer& issuer, const LeafContents& contents, EVP_PKEY* key) {
  const auto serial = random_serial();
  X509_PUBKEY* set = nullptr;
  const bool known = X509_PUBKEY_set(&set, key) == 1;
  const PublicKeyPtr public_key(set);
  if (!serial || !known) return {};
  const Der spki = encoded<i2d_X509_PUBKEY>(public_key.get());
  const Der from = time(contents.from);
  const Der to = time(contents.to);
  if (spki.empty() || from.empty() || to.empty() || fixed_extensions().empty()) return {};
  const Issuer::InLeaves& shared = issuer.in_leaves();
  const Der extensions =
      der(DerTag::sequence, {fixed_extensions(), subject_alt_name(contents.names), shared.authority_key_identifier,
                             subject_key_identifier(public_key.get())});
  return der(DerTag::sequence, {version_3, der_integer(*serial), shared.signature_algorithm, shared.name,
                                der(DerTag::sequence, {from, to}), subject(contents.names.front()), spki,
                                der(context_tag(3, true), {extensions})});
}

// Empty: OpenSSL failed.
Der signature(EVP_PKEY* key, const Der& contents) {
  const crypto::MdCtxPtr context(EVP_MD_CTX_new());
  std::size_t size = static_cast<std::size_t>(std::max(EVP_PKEY_get_size(key), 0));
  Der bytes(size);
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, signing_digest(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), bytes.data(), &size, contents.data(), contents.size()) != 1) {
    return {};
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

Result<crypto::X509Ptr> make_leaf_certificate(const Issuer& issuer, const LeafContents& contents, EVP_PKEY* key) {
  static constexpr std::uint8_t no_unused_bits = 0;
  const Der to_sign = contents_to_sign(issuer, contents, key);
  const Der signed_by_issuer = to_sign.empty() ? Der() : signature(issuer.key(), to_sign);
  crypto::X509Ptr certificate;
  if (!signed_by_issuer.empty()) {
    const Der bits = der(DerTag::bit_string, {ByteView(&no_unused_bits, 1), signed_by_issuer});
    const Der whole = der(DerTag::sequence, {to_sign, issuer.in_leaves().signature_algorithm, bits});
    const unsigned char* at = whole.data();
    certificate.reset(d2i_X509(nullptr, &at, static_cast<long>(whole.size())));
  }
  if (certificate == nullptr) return std::unexpected(crypto::take_error(ErrorKind::system, "making a leaf"));
  return certificate;
}

}  // namespace sallyport::pki
