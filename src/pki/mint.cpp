#include "sallyport/pki/mint.hpp"

#include <algorithm>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/crypto/certificate.hpp"
#include "sallyport/pki/certificate_names.hpp"

#include "certificate_builder.hpp"
#include "p256_key.hpp"

namespace sallyport::pki {

namespace {

using std::chrono::hours;
using std::chrono::sys_seconds;

constexpr std::size_t max_common_name = 64;  // RFC 5280 appendix A, ub-common-name

// The extensions no leaf differs in.
struct FixedExtensions {
  // Not keyEncipherment, for RSA leaves either: clients are offered no suite in which the leaf's key decrypts.
  crypto::X509ExtensionPtr key_usage = pki::key_usage(KU_DIGITAL_SIGNATURE);
  crypto::X509ExtensionPtr extended_key_usage = server_auth();
  crypto::X509ExtensionPtr basic_constraints = pki::basic_constraints(false, -1);
};

const FixedExtensions& fixed_extensions() {
  static const FixedExtensions extensions;
  return extensions;
}

struct Life {
  sys_seconds from;
  sys_seconds to;
};

Result<Life> life_of(const Issuer& issuer, const LeafRequest& request, sys_seconds now) {
  Life life{now - hours(1), std::min(now + request.life, issuer.not_after())};
  if (request.not_before) life.from = std::max(life.from, *request.not_before);
  if (request.not_after) life.to = std::min(life.to, *request.not_after);
  life.to = std::min(life.to, life.from + max_leaf_life);
  if (life.to <= now || life.from > now) {
    return fail(ErrorKind::certificate, "no leaf: the certificate it would follow is not valid now");
  }
  return life;
}

bool is_leaf_host_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  return is_host_name(name);
}

// Null: out of memory. The name has been checked.
GENERAL_NAME* to_general_name(const std::string& name) {
  GENERAL_NAME* general = GENERAL_NAME_new();
  if (general == nullptr) return nullptr;
  const auto address = IpAddress::parse(name);
  ASN1_STRING* value = ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
  const void* bytes = address ? static_cast<const void*>(address->data()) : name.data();
  const std::size_t size = address ? address->size() : name.size();
  if (value == nullptr || ASN1_STRING_set(value, bytes, static_cast<int>(size)) != 1) {
    ASN1_STRING_free(value);
    GENERAL_NAME_free(general);
    return nullptr;
  }
  GENERAL_NAME_set0_value(general, address ? GEN_IPADD : GEN_DNS, value);
  return general;
}

crypto::GeneralNamesPtr to_general_names(const std::vector<std::string>& names) {
  crypto::GeneralNamesPtr all(GENERAL_NAMES_new());
  if (all == nullptr) return nullptr;
  for (const std::string& name : names) {
    GENERAL_NAME* general = to_general_name(name);
    if (general == nullptr) return nullptr;
    if (sk_GENERAL_NAME_push(all.get(), general) <= 0) {
      GENERAL_NAME_free(general);
      return nullptr;
    }
  }
  return all;
}

Result<void> check_names(const std::vector<std::string>& names) {
  if (names.empty() || names.size() > max_leaf_names) {
    return fail(ErrorKind::malformed,
                "a leaf needs 1 to " + std::to_string(max_leaf_names) + " names, not " + std::to_string(names.size()));
  }
  for (const std::string& name : names) {
    if (!IpAddress::parse(name) && !is_leaf_host_name(name)) {
      return fail(ErrorKind::malformed, "no leaf for \"" + printable(name) + "\": not a host name");
    }
  }
  return {};
}

Result<crypto::PkeyPtr> new_key(LeafKey kind, RsaKeyPool& rsa_keys) {
  if (kind == LeafKey::rsa_2048) return rsa_keys.take();
  crypto::PkeyPtr key = new_p256_key();
  if (key == nullptr) return std::unexpected(crypto::take_error(ErrorKind::system, "making a leaf's key"));
  return key;
}

}  // namespace

Result<LeafPtr> mint(const IssuerPtr& issuer, const LeafRequest& request, RsaKeyPool& rsa_keys, sys_seconds now) {
  if (auto good = check_names(request.names); !good) return std::unexpected(good.error());
  const auto life = life_of(*issuer, request, now);
  if (!life) return std::unexpected(life.error());
  auto key = new_key(request.key, rsa_keys);
  if (!key) return std::unexpected(key.error());
  const crypto::GeneralNamesPtr names = to_general_names(request.names);
  const bool named = request.names.front().size() <= max_common_name;

  const FixedExtensions& fixed = fixed_extensions();
  CertificateBuilder builder;
  if (named) builder.common_name(request.names.front());
  builder.issuer(X509_get_subject_name(issuer->certificate()))
      .validity(life->from, life->to)
      .public_key(key->get())
      .extension(fixed.basic_constraints.get())
      .extension(fixed.key_usage.get())
      .extension(fixed.extended_key_usage.get())
      // Critical where it is all that names the subject (RFC 5280 §4.2.1.6).
      .extension(NID_subject_alt_name, names.get(), !named)
      .extension(issuer->authority_key_identifier())
      .subject_key_identifier();
  auto certificate = builder.finish(issuer->key());
  if (!certificate) return std::unexpected(certificate.error());
  return std::make_shared<const Leaf>(std::move(*certificate), std::move(*key), issuer, life->from, life->to);
}

}  // namespace sallyport::pki
