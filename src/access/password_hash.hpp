// The hashes of crypt(5) that are taken, and what one of them may cost. Pure functions; any thread.
#pragma once

#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::access {

inline constexpr std::size_t longest_password = 512;  // CRYPT_MAX_PASSPHRASE_SIZE, its NUL left out

// Error config: of another kind, not complete, or so costly that one login would keep the others waiting for seconds.
[[nodiscard]] Result<void> check_hash(std::string_view hash);

}  // namespace sallyport::access
