// Issuer: the one who signs leaves just now: the configured CA itself, or an issuing CA below it.
//
// The issuing CA is an intermediate that lives in memory only, with a P-256 key: minting then costs one P-256
// signature whatever the root is, and the root's key is used once in a few days. An Issuer is an immutable
// snapshot, read by every thread; a leaf keeps its Issuer alive. IssuerSource hands out the current one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"
#include "sallyport/pki/certificate_authority.hpp"

namespace sallyport::pki {

// The key `issuing_ca`. automatic: an issuing CA for RSA roots; EC roots sign leaves themselves.
enum class IssuingCa { automatic, yes, no };

class Issuer {
 public:
  // `leaf_life` is the longest life a leaf will be given: an issuing CA lives at least twice as long, within the
  // life of the configured CA, so that none issued in its first half is cut short. A CA whose path length does not
  // allow an intermediate signs leaves itself whatever `mode` says.
  static Result<std::shared_ptr<const Issuer>> create(CaPtr ca, IssuingCa mode, std::chrono::seconds leaf_life,
                                                      std::chrono::sys_seconds now);

  [[nodiscard]] X509* certificate() const { return certificate_.get(); }
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }

  // What is sent after the leaf: every certificate up to the root. A self-signed root is sent only where the admin
  // put it in the file above a subordinate CA: a client that trusts it has it, to one that does not it proves
  // nothing (RFC 8446 §4.4.2 allows to leave it out), and it would cost each full handshake up to 1.4 kB.
  [[nodiscard]] STACK_OF(X509) * chain() const { return chain_.get(); }

  // What is the same in each leaf, as DER.
  struct InLeaves {
    std::vector<std::uint8_t> signature_algorithm;  // of SHA-256 and the issuer's key
    std::vector<std::uint8_t> name;                 // the issuer's subject, byte for byte
    // The extension: byte-equal to the issuer's subject key identifier (RFC 5280 §4.2.1.1).
    std::vector<std::uint8_t> authority_key_identifier;
  };
  [[nodiscard]] const InLeaves& in_leaves() const { return in_leaves_; }

  [[nodiscard]] bool is_issuing_ca() const { return ca_->certificate() != certificate_.get(); }
  [[nodiscard]] std::chrono::sys_seconds not_after() const { return not_after_; }
  // Never repeated in the life of the process.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] bool renewal_due(std::chrono::sys_seconds now) const { return now >= renew_at_; }
  [[nodiscard]] const CaPtr& ca() const { return ca_; }

 private:
  Issuer() = default;

  CaPtr ca_;
  crypto::X509Ptr certificate_;
  crypto::PkeyPtr key_;
  crypto::X509StackPtr chain_;
  InLeaves in_leaves_;
  std::chrono::sys_seconds not_after_;
  std::chrono::sys_seconds renew_at_;
  std::uint64_t generation_ = 0;
};

using IssuerPtr = std::shared_ptr<const Issuer>;

// Owned by whoever holds the configuration; outlives its callers. Every method may be called from every thread.
class IssuerSource {
 public:
  IssuerSource(IssuerPtr first, IssuingCa mode, std::chrono::seconds leaf_life);

  // Never waits for a renewal.
  [[nodiscard]] IssuerPtr current() const;

  // To be called now and then (once an hour is plenty), from a thread that may wait for one signature of the
  // root. True if there is a new issuer now. On an error the old one stays: it is still valid for half its life.
  Result<bool> renew_if_due(std::chrono::sys_seconds now);

 private:
  const IssuingCa mode_;
  const std::chrono::seconds leaf_life_;
  mutable std::mutex mutex_;
  IssuerPtr current_;  // protected by mutex_
};

}  // namespace sallyport::pki
