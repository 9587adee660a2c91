// A new file that is there completely or not at all, whatever happens to the machine meanwhile.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::pki {

// Writes `contents` beside `path`, syncs it to disk and only then gives it its name, which must not be taken. The
// file never has more permissions than `mode`, not for a moment.
[[nodiscard]] Result<void> create_durable_file(const std::string& path, std::string_view contents, mode_t mode);

}  // namespace sallyport::pki
