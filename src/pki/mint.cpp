#include "sallyport/pki/mint.hpp"

#include <algorithm>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/pki/certificate_names.hpp"

#include "leaf_encoding.hpp"
#include "p256_key.hpp"

namespace sallyport::pki {

namespace {

using std::chrono::hours;
using std::chrono::sys_seconds;

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
  auto certificate = make_leaf_certificate(*issuer, {request.names, life->from, life->to}, key->get());
  if (!certificate) return std::unexpected(certificate.error());
  crypto::PkeyPtr own_key = put_into(certificate->get(), std::move(*key));
  if (own_key == nullptr) return std::unexpected(crypto::take_error(ErrorKind::system, "a leaf's key"));
  return std::make_shared<const Leaf>(std::move(*certificate), std::move(own_key), issuer, life->from, life->to);
}

}  // namespace sallyport::pki
