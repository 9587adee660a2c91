// Whoever includes this uses OpenSSL as the daemon does, from before its first test on.
#pragma once

#include <stdexcept>

#include "sallyport/crypto/direct_keys.hpp"
#include "sallyport/crypto/key_schedule.hpp"

namespace sallyport::test {

inline const bool openssl_is_as_in_daemon = [] {
  for (const auto& done : {crypto::use_keys_directly(), crypto::provide_key_schedule()}) {
    if (!done) throw std::runtime_error(done.error().reason);
  }
  return true;
}();

}  // namespace sallyport::test
