#include "chain_verifier.hpp"

#include <algorithm>
#include <vector>

#include <openssl/err.h>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/pki/verify_reason.hpp"

#include "chain_rules.hpp"

namespace sallyport::pki {

namespace {

// What other paths may cost: verifications, and certificates in a path.
constexpr int max_attempts = 8;
constexpr int max_steps = 256;
constexpr std::size_t max_intermediates = 8;

struct BorrowedStackFree {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using BorrowedStackPtr = std::unique_ptr<STACK_OF(X509), BorrowedStackFree>;

BorrowedStackPtr stack_of(const std::vector<X509*>& certificates) {
  BorrowedStackPtr stack(sk_X509_new_null());
  for (X509* certificate : certificates) sk_X509_push(stack.get(), certificate);
  return stack;
}

struct Inspection {
  X509_STORE_CTX_verify_fn verify_signatures = nullptr;
  Violation violation;
};

// Called by OpenSSL between building the chain and verifying its signatures and dates.
int inspect_chain(X509_STORE_CTX* context) {
  auto& inspection = *static_cast<Inspection*>(X509_STORE_CTX_get_app_data(context));
  inspection.violation = broken_rule(X509_STORE_CTX_get0_chain(context));
  if (inspection.violation.code == X509_V_OK) return inspection.verify_signatures(context);
  X509_STORE_CTX_set_error(context, inspection.violation.code);
  return 0;
}

// An issuer's fault names the issuer, or people would look at the wrong certificate.
std::string reason_in(X509_STORE_CTX* context, int code) {
  std::string reason = reason_of(code);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  const X509* certificate = X509_STORE_CTX_get_current_cert(context);
  if (depth > 0 && certificate != nullptr) {
    reason += " (issuer " + crypto::text_of(X509_get_subject_name(certificate)) + ")";
  }
  return reason;
}

// One run of OpenSSL. With `anchor`, that certificate alone is trusted in it.
ChainVerdict attempt(X509_STORE* store, X509* leaf, STACK_OF(X509) * others, X509* anchor,
                     std::chrono::sys_seconds now) {
  const crypto::X509StoreCtxPtr context(X509_STORE_CTX_new());
  if (context == nullptr || X509_STORE_CTX_init(context.get(), store, leaf, others) != 1) {
    ERR_clear_error();
    return {X509_V_ERR_OUT_OF_MEM, "out of memory", nullptr};
  }
  BorrowedStackPtr anchors;
  if (anchor != nullptr) {
    anchors = stack_of({anchor});
    X509_STORE_CTX_set0_trusted_stack(context.get(), anchors.get());
  }
  Inspection inspection{X509_STORE_CTX_get_verify(context.get()), {}};
  X509_STORE_CTX_set_app_data(context.get(), &inspection);
  X509_STORE_CTX_set_verify(context.get(), inspect_chain);
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), now.time_since_epoch().count());

  const int verified = X509_verify_cert(context.get());
  ERR_clear_error();
  const int code = X509_STORE_CTX_get_error(context.get());
  if (verified == 1 && code == X509_V_OK) {
    return {X509_V_OK, {}, crypto::X509StackPtr(X509_STORE_CTX_get1_chain(context.get()))};
  }
  if (inspection.violation.code != X509_V_OK) return {code, inspection.violation.reason, nullptr};
  // OpenSSL fails without a code where it runs out of memory.
  if (code == X509_V_OK) return {X509_V_ERR_UNSPECIFIED, "certificate verification failed", nullptr};
  return {code, reason_in(context.get(), code), nullptr};
}

// A depth-first walk over every path from the leaf, through what the origin sent, to an anchor of the store; each
// complete path is verified alone.
class PathSearch {
 public:
  PathSearch(X509_STORE* store, X509* leaf, STACK_OF(X509) * others, std::chrono::sys_seconds now)
      : store_(store), leaf_(leaf), others_(others), now_(now), lookup_(X509_STORE_CTX_new()) {
    X509_STORE_CTX_init(lookup_.get(), store, leaf, nullptr);
  }

  ChainVerdict run() {
    walk(leaf_);
    return std::move(best_);
  }

 private:
  [[nodiscard]] bool done() const { return best_.code == X509_V_OK || attempts_ >= max_attempts; }

  void walk(X509* current) {
    try_anchors_of(current);
    if (path_.size() >= max_intermediates) return;
    for (int i = 0; i < sk_X509_num(others_) && !done() && steps_ < max_steps; ++i, ++steps_) {
      X509* issuer = sk_X509_value(others_, i);
      const bool seen = issuer == current || std::ranges::find(path_, issuer) != path_.end();
      if (seen || X509_check_issued(issuer, current) != X509_V_OK) continue;
      path_.push_back(issuer);
      walk(issuer);
      path_.pop_back();
    }
  }

  void try_anchors_of(const X509* current) {
    const crypto::X509StackPtr anchors(X509_STORE_CTX_get1_certs(lookup_.get(), X509_get_issuer_name(current)));
    for (int i = 0; i < sk_X509_num(anchors.get()) && !done(); ++i) {
      ++attempts_;
      const BorrowedStackPtr intermediates = stack_of(path_);
      best_ = attempt(store_, leaf_, intermediates.get(), sk_X509_value(anchors.get(), i), now_);
    }
  }

  X509_STORE* store_;
  X509* leaf_;
  STACK_OF(X509) * others_;
  std::chrono::sys_seconds now_;
  crypto::X509StoreCtxPtr lookup_;
  std::vector<X509*> path_;
  int attempts_ = 0;
  int steps_ = 0;
  ChainVerdict best_;
};

}  // namespace

ChainVerdict verify_chain(X509_STORE* store, X509* leaf, STACK_OF(X509) * others, std::chrono::sys_seconds now) {
  ChainVerdict first = attempt(store, leaf, others, nullptr, now);
  if (first.code == X509_V_OK) return first;
  if (Violation found = malformed_extensions(leaf); found.code != X509_V_OK) {
    return {found.code, std::move(found.reason), nullptr};
  }
  ChainVerdict other = PathSearch(store, leaf, others, now).run();
  return other.code == X509_V_OK ? std::move(other) : std::move(first);
}

}  // namespace sallyport::pki
