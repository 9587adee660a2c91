// Sessions: who has shown the token and need not show it with every request.
//
// In memory alone, and there as digests: neither a restart nor a memory image gives one back. Bounded; each ends after
// a time without use, and after a time in any case. The admin thread alone.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/crypto/keyed_digest.hpp"

namespace sallyport::admin {

class Sessions {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::hours longest_idle{2};
  static constexpr std::chrono::hours longest_life{24};
  static constexpr std::size_t most = 64;

  explicit Sessions(crypto::KeyedDigest digest) : digest_(digest) {}

  // The secret that the browser is to show from now on. With too many, the one not used for longest goes. Error: out of
  // memory.
  Result<std::string> open(TimePoint now);
  // Whether it is open; if so, it is used now.
  bool use(std::string_view secret, TimePoint now);
  // Idempotent.
  void close(std::string_view secret);

 private:
  struct Session {
    crypto::KeyedDigest::Digest digest{};
    TimePoint opened;
    TimePoint used;
  };
  std::vector<Session>::iterator find(std::string_view secret);
  void drop_expired(TimePoint now);

  crypto::KeyedDigest digest_;
  std::vector<Session> open_;
};

}  // namespace sallyport::admin
