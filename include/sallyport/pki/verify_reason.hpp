// The sentences that people read when a certificate is refused.
//
// Pure function; any thread.
#pragma once

#include <string>

namespace sallyport::pki {

// For an X509_V_ERR_… code: "certificate has expired", "host name mismatch", "self-signed certificate", …
[[nodiscard]] std::string reason_of(int verify_error);

}  // namespace sallyport::pki
