// Sockets with a path in the file system (unix(7)).
#pragma once

#include <string>

#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::io {

// Non-blocking and listening, with these permissions. What a dead process left at `path` is removed.
Result<UniqueFd> listen_locally(const std::string& path, unsigned mode);
// Non-blocking and connected.
Result<UniqueFd> connect_locally(const std::string& path);

}  // namespace sallyport::io
