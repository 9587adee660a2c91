// Whoever includes this uses keys as the daemon does: directly, from before its first test on.
#pragma once

#include <stdexcept>

#include "sallyport/crypto/direct_keys.hpp"

namespace sallyport::test {

inline const bool keys_are_used_directly = [] {
  if (const auto done = crypto::use_keys_directly(); !done) throw std::runtime_error(done.error().reason);
  return true;
}();

}  // namespace sallyport::test
