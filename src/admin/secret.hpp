// Secrets that open the dashboard: made of the kernel's random numbers, and kept in a file.
//
// Any thread.
#pragma once

#include <string>

#include "sallyport/base/result.hpp"

namespace sallyport::admin {

// 256 random bits in hexadecimal, 64 characters. Ends the process where the kernel has none to give.
[[nodiscard]] std::string make_secret();

// The one in the file at `path`; one is made there, for the file's owner alone, where there is none. It outlives the
// process, so that programs that scrape the metrics need not be told anew after each start; whoever removes the file
// and restarts the daemon ends its use. Errors name the path: it cannot be read or made, others than its owner may read
// it, or no secret of this kind is in it.
[[nodiscard]] Result<std::string> secret_in_file(const std::string& path);

}  // namespace sallyport::admin
