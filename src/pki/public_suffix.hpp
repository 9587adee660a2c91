// Public suffixes: the names below which strangers register theirs. The one place that knows libpsl.
#pragma once

#include <string_view>

namespace sallyport::pki {

// Whether `host` (lower-case A-labels) is a suffix of the list's ICANN part (com, co.uk) or a single label. The
// list's private part is left out: those domains have an owner, who may hold a wildcard for them (*.github.io).
[[nodiscard]] bool is_public_suffix(std::string_view host);

}  // namespace sallyport::pki
