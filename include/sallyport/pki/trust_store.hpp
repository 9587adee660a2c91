// TrustStore: whom we believe upstream, and the rules a chain must keep.
//
// An immutable snapshot, shared by all threads; load() reads and parses the bundles (about 10 ms for Debian's) and is
// for start, reload and a thread that may wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/crypto/certificate.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

struct TrustSources {
  bool system_ca = true;
  std::string system_bundle = "/etc/ssl/certs/ca-certificates.crt";
  std::string outgoing_ca_bundle;  // empty: none
};

// What is worth knowing of a chain that was accepted.
struct VerifiedChain {
  std::chrono::sys_seconds leaf_not_before;  // the bounds for a minted leaf
  std::chrono::sys_seconds leaf_not_after;
  std::chrono::sys_seconds not_after;  // the earliest of all its certificates: nothing derived from it may live longer
  std::uint64_t trust_generation = 0;
  crypto::Sha256 leaf_fingerprint{};
};

class AcceptedChains;
class SharedCertificates;

class TrustStore {
 public:
  // `own` are our CA's certificates: whatever bundle holds one of their keys, it is not trusted, and no chain with
  // such a key in it is accepted, so that what we minted can never pass for an origin. Errors (ErrorKind::config,
  // naming the file): a bundle that cannot be read, is empty, is cut short or holds a certificate that does not
  // parse; no source at all. There is no store that trusts everybody.
  static Result<std::shared_ptr<const TrustStore>> load(const TrustSources& sources, const std::vector<X509*>& own);

  // To be called in the callback of SSL_CTX_set_cert_verify_callback, once a full handshake: verifies the presented
  // chain for `name` (host name or IP address in text) and leaves OpenSSL's verdict in `presented` for the alert. The
  // store the SSL_CTX was made with is not used. ErrorKind::certificate with a sentence such as "certificate has
  // expired" or "host name mismatch". Of a chain that is accepted, the session keeps certificates that it shares with
  // all others to which the same were presented.
  [[nodiscard]] Result<VerifiedChain> verify(X509_STORE_CTX* presented, std::string_view name) const;

  // The same for certificates at hand and a time of choice. `others` may be null.
  [[nodiscard]] Result<VerifiedChain> verify(X509* leaf, STACK_OF(X509) * others, std::string_view name,
                                             std::chrono::sys_seconds now) const;

  // A chain that was accepted in the last minutes is not built and its signatures are not verified again; its dates and
  // the name are looked at each time. How often that has happened.
  [[nodiscard]] std::uint64_t known_chains_met() const;

  // For an SSL_CTX that must carry one. Borrowed.
  [[nodiscard]] X509_STORE* store() const { return store_.get(); }

  // Never repeated in the life of the process: part of the key of whatever is reused upstream.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  // Whether a bundle on disk is another file than the one that was loaded. Two stat(2) calls.
  [[nodiscard]] bool stale() const;

  [[nodiscard]] std::size_t size() const { return size_; }

  ~TrustStore();

 private:
  struct Source;
  struct Judgement {
    int code = X509_V_ERR_UNSPECIFIED;  // X509_V_OK: accepted
    std::string reason;
    VerifiedChain facts;         // of one that was accepted
    crypto::X509StackPtr chain;  // the same; null where it was known already
  };

  TrustStore();
  Result<void> add_bundle(const std::string& path);
  [[nodiscard]] bool is_own_key(const X509* certificate) const;
  [[nodiscard]] bool claims_our_issue(X509* leaf, STACK_OF(X509) * others) const;
  // `key`: AcceptedChains::key_of() the other two.
  [[nodiscard]] Judgement judge(const std::string& key, X509* leaf, STACK_OF(X509) * others, std::string_view name,
                                std::chrono::sys_seconds now) const;
  [[nodiscard]] Judgement judge_chain(X509* leaf, STACK_OF(X509) * others, std::chrono::sys_seconds now) const;

  crypto::X509StorePtr store_;
  std::vector<crypto::X509Ptr> own_;
  std::vector<crypto::Sha256> own_keys_;  // of own_, in order
  std::vector<Source> sources_;
  std::size_t size_ = 0;
  std::uint64_t generation_ = 0;
  std::unique_ptr<AcceptedChains> accepted_;
  std::unique_ptr<SharedCertificates> certificates_;
};

using TrustStorePtr = std::shared_ptr<const TrustStore>;

}  // namespace sallyport::pki
