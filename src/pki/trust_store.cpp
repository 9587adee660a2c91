#include "sallyport/pki/trust_store.hpp"

#include <algorithm>
#include <atomic>

#include <openssl/err.h>

#include "sallyport/pki/certificate_names.hpp"
#include "sallyport/pki/verify_reason.hpp"

#include "accepted_chains.hpp"
#include "chain_verifier.hpp"
#include "file_contents.hpp"
#include "pem.hpp"
#include "shared_certificates.hpp"

namespace sallyport::pki {

namespace {

// Intermediates in a chain. What an origin can send is bounded by the size of its Certificate message already.
constexpr int max_depth = 64;
// At least 112 bits: RSA-2048 (SP 800-57 part 1, table 2).
constexpr int security_level = 2;

constexpr const char* no_certificate = "no certificate was presented";

std::uint64_t next_generation() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

crypto::X509StorePtr empty_store() {
  crypto::X509StorePtr store(X509_STORE_new());
  if (store == nullptr) return nullptr;
  X509_VERIFY_PARAM* rules = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_trust(rules, X509_TRUST_SSL_SERVER);
  X509_VERIFY_PARAM_set_depth(rules, max_depth);
  X509_VERIFY_PARAM_set_auth_level(rules, security_level);
  // Not X509_V_FLAG_X509_STRICT: it also refuses roots without key usage or SKI, which private CAs and some public
  // ones have. What matters of it is in chain_rules.
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_TRUSTED_FIRST);
  return store;
}

VerifiedChain facts_of(STACK_OF(X509) * chain, std::uint64_t generation) {
  const X509* leaf = sk_X509_value(chain, 0);
  VerifiedChain facts{crypto::not_before(leaf), crypto::not_after(leaf), crypto::not_after(leaf), generation,
                      crypto::fingerprint(leaf)};
  for (int i = 1; i < sk_X509_num(chain); ++i) {
    facts.not_after = std::min(facts.not_after, crypto::not_after(sk_X509_value(chain, i)));
  }
  return facts;
}

std::chrono::sys_seconds latest_beginning(STACK_OF(X509) * chain) {
  std::chrono::sys_seconds latest = crypto::not_before(sk_X509_value(chain, 0));
  for (int i = 1; i < sk_X509_num(chain); ++i) {
    latest = std::max(latest, crypto::not_before(sk_X509_value(chain, i)));
  }
  return latest;
}

std::string mismatch_reason(const X509* leaf) {
  std::string reason = reason_of(X509_V_ERR_HOSTNAME_MISMATCH);
  const std::vector<std::string> names = names_in(leaf, 3);
  if (names.empty()) return reason + " (the certificate has no subjectAltName of use)";
  reason += " (the certificate is for ";
  for (const std::string& name : names) reason += (&name == &names.front() ? "" : ", ") + name;
  return reason + ")";
}

// OpenSSL holds the common name against name constraints only where there is no subjectAltName. A common name that
// looks like a host name is held against them always: a CA that is confined to some names has no business with others.
bool common_name_is_permitted(STACK_OF(X509) * chain) {
  X509* leaf = sk_X509_value(chain, 0);
  using Constraints = std::unique_ptr<NAME_CONSTRAINTS, crypto::Freer<NAME_CONSTRAINTS_free>>;
  for (int i = 1; i < sk_X509_num(chain); ++i) {
    const Constraints constraints(static_cast<NAME_CONSTRAINTS*>(
        X509_get_ext_d2i(sk_X509_value(chain, i), NID_name_constraints, nullptr, nullptr)));
    if (constraints != nullptr && NAME_CONSTRAINTS_check_CN(leaf, constraints.get()) != X509_V_OK) return false;
  }
  return true;
}

}  // namespace

struct TrustStore::Source {
  std::string path;
  FileIdentity identity;
};

TrustStore::TrustStore()
    : accepted_(std::make_unique<AcceptedChains>()), certificates_(std::make_unique<SharedCertificates>()) {}
TrustStore::~TrustStore() = default;

Result<TrustStorePtr> TrustStore::load(const TrustSources& sources, const std::vector<X509*>& own) {
  std::shared_ptr<TrustStore> trust(new TrustStore());
  trust->store_ = empty_store();
  if (trust->store_ == nullptr) return std::unexpected(crypto::take_error(ErrorKind::system, "making a trust store"));
  for (X509* certificate : own) {
    trust->own_keys_.push_back(crypto::public_key_fingerprint(certificate));
    trust->own_.push_back(crypto::up_ref(certificate));
  }
  for (const std::string& path : {sources.system_ca ? sources.system_bundle : "", sources.outgoing_ca_bundle}) {
    if (path.empty()) continue;
    if (auto added = trust->add_bundle(path); !added) return std::unexpected(added.error());
  }
  if (trust->size_ == 0) {
    return fail(ErrorKind::config,
                "no upstream CA is trusted: system_ca is off or holds our own CA alone, and there is "
                "no other in outgoing_ca_bundle");
  }
  trust->generation_ = next_generation();
  return trust;
}

Result<void> TrustStore::add_bundle(const std::string& path) {
  const auto file = FileContents::read(path);
  if (!file) return std::unexpected(file.error());
  const auto certificates = certificates_in(file->text(), path);
  if (!certificates) return std::unexpected(certificates.error());
  for (const crypto::X509Ptr& certificate : *certificates) {
    if (is_own_key(certificate.get())) continue;
    // With no purpose it reads the extensions, which OpenSSL does at their first use: better now, by one thread, than
    // by the workers' first handshakes at once. What it thinks of them is asked later.
    X509_check_purpose(certificate.get(), -1, 0);
    ERR_clear_error();
    if (X509_STORE_add_cert(store_.get(), certificate.get()) != 1) {
      return std::unexpected(crypto::take_error(ErrorKind::system, "trusting a certificate of " + path));
    }
    ++size_;
  }
  sources_.push_back({path, file->identity()});
  return {};
}

bool TrustStore::is_own_key(const X509* certificate) const {
  return std::ranges::find(own_keys_, crypto::public_key_fingerprint(certificate)) != own_keys_.end();
}

bool TrustStore::claims_our_issue(X509* leaf, STACK_OF(X509) * others) const {
  for (int i = -1; i < sk_X509_num(others); ++i) {
    const X509* certificate = i < 0 ? leaf : sk_X509_value(others, i);
    if (is_own_key(certificate)) return true;
    for (const crypto::X509Ptr& own : own_) {
      if (X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(own.get())) == 0) return true;
    }
  }
  return false;
}

// Everything but the name.
TrustStore::Judgement TrustStore::judge_chain(X509* leaf, STACK_OF(X509) * others, std::chrono::sys_seconds now) const {
  ChainVerdict verdict = verify_chain(store_.get(), leaf, others, now);
  if (verdict.code != X509_V_OK) {
    if (claims_our_issue(leaf, others)) verdict.reason += "; it was issued by this gateway's own CA";
    return {verdict.code, std::move(verdict.reason), {}, nullptr};
  }
  STACK_OF(X509)* chain = verdict.chain.get();
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    if (is_own_key(sk_X509_value(chain, i))) {
      return {X509_V_ERR_CERT_REJECTED, "untrusted issuer: it was issued by this gateway's own CA", {}, nullptr};
    }
  }
  if (!common_name_is_permitted(chain)) {
    return {X509_V_ERR_PERMITTED_VIOLATION, "common name outside of the issuer's name constraints", {}, nullptr};
  }
  return {X509_V_OK, {}, facts_of(chain, generation_), std::move(verdict.chain)};
}

TrustStore::Judgement TrustStore::judge(const std::string& key, X509* leaf, STACK_OF(X509) * others,
                                        std::string_view name, std::chrono::sys_seconds now) const {
  const std::optional<VerifiedChain> known = accepted_->find(key, now);
  Judgement judgement = known ? Judgement{X509_V_OK, {}, *known, nullptr} : judge_chain(leaf, others, now);
  if (judgement.code != X509_V_OK) return judgement;
  if (!known) accepted_->keep(key, judgement.facts, latest_beginning(judgement.chain.get()), now);
  if (!certificate_names(leaf, name)) return {X509_V_ERR_HOSTNAME_MISMATCH, mismatch_reason(leaf), {}, nullptr};
  return judgement;
}

Result<VerifiedChain> TrustStore::verify(X509* leaf, STACK_OF(X509) * others, std::string_view name,
                                         std::chrono::sys_seconds now) const {
  if (leaf == nullptr) return fail(ErrorKind::certificate, no_certificate);
  const Judgement judgement = judge(AcceptedChains::key_of(leaf, others), leaf, others, name, now);
  if (judgement.code != X509_V_OK) return fail(ErrorKind::certificate, judgement.reason);
  return judgement.facts;
}

Result<VerifiedChain> TrustStore::verify(X509_STORE_CTX* presented, std::string_view name) const {
  X509* const leaf = X509_STORE_CTX_get0_cert(presented);
  STACK_OF(X509)* const others = X509_STORE_CTX_get0_untrusted(presented);
  X509_STORE_CTX_set_error(presented, X509_V_ERR_UNSPECIFIED);
  if (leaf == nullptr) return fail(ErrorKind::certificate, no_certificate);
  const std::string key = AcceptedChains::key_of(leaf, others);
  Judgement judgement = judge(key, leaf, others, name, crypto::wall_clock());
  X509_STORE_CTX_set_error(presented, judgement.code);
  if (judgement.code != X509_V_OK) return fail(ErrorKind::certificate, std::move(judgement.reason));
  X509_STORE_CTX_set0_verified_chain(presented, judgement.chain.release());
  certificates_->share(presented, key);
  return judgement.facts;
}

std::uint64_t TrustStore::known_chains_met() const { return accepted_->found(); }

bool TrustStore::stale() const {
  return std::ranges::any_of(sources_, [](const Source& source) {
    const auto now = FileIdentity::of(source.path);
    return !now || !(*now == source.identity);
  });
}

}  // namespace sallyport::pki
