// mint: signs a leaf for the names a client asked for.
//
// Any thread. Costs one key generation and one signature of the issuer, about 40 µs with a P-256 issuer; no
// file is read, and nothing is parsed but what was just written. Workers call it through LeafCache.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/pki/leaf.hpp"
#include "sallyport/pki/rsa_key_pool.hpp"

namespace sallyport::pki {

enum class LeafKey {
  ecdsa_p256,  // fresh for each leaf
  rsa_2048,    // from the pool; for clients that offer no ECDSA signature algorithm
};

inline constexpr std::size_t max_leaf_names = 100;
// CA/Browser Forum SC-081v3 and what Chromium enforces: below 200 days, counted from notBefore.
inline constexpr std::chrono::hours max_leaf_life{199 * 24};

struct LeafRequest {
  // Host names as lower-case A-labels without trailing dot, a leading "*." allowed, or IP addresses. The first one
  // becomes the common name, if it fits in 64 bytes (RFC 5280, ub-common-name); all of them the SAN.
  std::vector<std::string> names;
  LeafKey key = LeafKey::ecdsa_p256;
  // The life of the origin's certificate, where that is known: the leaf stays within.
  std::optional<std::chrono::sys_seconds> not_before;
  std::optional<std::chrono::sys_seconds> not_after;
  std::chrono::hours life{24};
};

// A certificate valid from one hour before `now` until now + life, cut to what the request and the issuer allow.
// Errors: malformed (a name that is none, or too many), exhausted (no RSA key came within two seconds), certificate
// (the origin's or the issuer's life is over), system (OpenSSL failed, random numbers included).
[[nodiscard]] Result<LeafPtr> mint(const IssuerPtr& issuer, const LeafRequest& request, RsaKeyPool& rsa_keys,
                                   std::chrono::sys_seconds now);

}  // namespace sallyport::pki
