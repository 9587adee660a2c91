// AcceptedChains: presented chains that were accepted lately, so that an origin that is dialled a thousand times a
// second has its signatures verified once.
//
// Known by the digests of every certificate as it was presented; names are not among what was accepted. Belongs to one
// TrustStore and dies with it: what was accepted under other roots is unknown here. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "sallyport/pki/trust_store.hpp"

namespace sallyport::pki {

class AcceptedChains {
 public:
  // How long a chain is remembered. Within it, dates are looked at anew each time.
  static constexpr std::chrono::minutes lifetime{3};
  static constexpr std::size_t capacity = 1024;
  static constexpr int most_certificates = 16;

  // What tells this chain from all others; empty for one that is too long to be remembered. `others` may be null.
  [[nodiscard]] static std::string key_of(X509* leaf, STACK_OF(X509) * others);

  // What is known of it, if it was accepted before and all its certificates are valid at `now`.
  [[nodiscard]] std::optional<VerifiedChain> find(const std::string& key, std::chrono::sys_seconds now);

  // `valid_from`: when the last of the chain's certificates became valid.
  void keep(const std::string& key, const VerifiedChain& facts, std::chrono::sys_seconds valid_from,
            std::chrono::sys_seconds now);

  // How often find() found one.
  [[nodiscard]] std::uint64_t found() const;

 private:
  struct Entry {
    VerifiedChain facts;
    std::chrono::sys_seconds valid_from;
    std::chrono::sys_seconds kept_at;
  };

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> by_key_;
  std::uint64_t found_ = 0;
};

}  // namespace sallyport::pki
