#include "shared_certificates.hpp"

namespace sallyport::pki {

void SharedCertificates::share(X509_STORE_CTX* presented, std::string_view digests) {
  STACK_OF(X509)* const all = X509_STORE_CTX_get0_untrusted(presented);
  X509* const leaf = X509_STORE_CTX_get0_cert(presented);
  crypto::Sha256 digest{};
  // As OpenSSL has it in a session, the leaf is the first of all, and its digest therefore there twice.
  if (sk_X509_num(all) < 1 || sk_X509_value(all, 0) != leaf) return;
  if (digests.size() != static_cast<std::size_t>(sk_X509_num(all) + 1) * digest.size()) return;
  const std::lock_guard lock(mutex_);
  for (int at = 0; at < sk_X509_num(all); ++at) {
    digests.remove_prefix(digest.size());
    std::memcpy(digest.data(), digests.data(), digest.size());
    X509* const given = sk_X509_value(all, at);
    const auto known = by_digest_.find(digest);
    if (known == by_digest_.end()) {
      // Whatever is presented again is soon back.
      if (by_digest_.size() >= capacity) by_digest_.clear();
      by_digest_.emplace(digest, crypto::up_ref(given));
    } else if (known->second.get() != given) {
      X509* const shared = crypto::up_ref(known->second.get()).release();
      if (at == 0) X509_STORE_CTX_set_cert(presented, shared);
      sk_X509_set(all, at, shared);
      X509_free(given);
    }
  }
}

}  // namespace sallyport::pki
