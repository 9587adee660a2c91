// Names as people write them, in the one spelling policy compares. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::policy {

// A domain name or IP address as typed by a person: U-labels become A-labels (IDNA 2008, RFC 5891 §5, with
// the non-transitional mapping of UTS #46), upper case lower, a trailing dot and an address's brackets go.
// ErrorKind::malformed for what is neither name nor address.
[[nodiscard]] Result<std::string> canonical_name(std::string_view typed);

}  // namespace sallyport::policy
